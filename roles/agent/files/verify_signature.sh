#!/bin/sh
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# verify_signature.sh FILE SIGNATURE KEY... -- FINGERPRINT...
# Succeeds only if SIGNATURE is a good, unexpired signature of FILE by one of the KEYs, and that key has one of the
# FINGERPRINTs. A keyring of its own, so that no other key on the host can vouch for the file.
set -eu
file=$1 signature=$2
shift 2
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
trap 'rm -rf "$GNUPGHOME"' EXIT

while [ "$1" != -- ]; do
  gpg --batch --quiet --import "$1" 2>"$GNUPGHOME/log" || {
    echo "The signing key $1 cannot be read: $(cat "$GNUPGHOME/log")" >&2
    exit 1
  }
  shift
done
shift
status=$(gpg --batch --status-fd 1 --verify "$signature" "$file" 2>"$GNUPGHOME/log") || true

# VALIDSIG ends with the fingerprint of the primary key; GOODSIG is missing when the key or signature has expired.
signer=$(echo "$status" | sed -n 's/^\[GNUPG:\] VALIDSIG .* //p')
if echo "$status" | grep -q '^\[GNUPG:\] \(EXPKEYSIG\|EXPSIG\|KEYEXPIRED\)'; then
  echo "The signing key ${signer:-of this package} has expired; Amazon publishes a new one from time to time." \
    "Put its fingerprint in the list of trusted ones and its URL in the list of keys." >&2
  exit 1
fi
if ! echo "$status" | grep -q '^\[GNUPG:\] GOODSIG' || [ -z "$signer" ]; then
  echo "The signature is not good: $(cat "$GNUPGHOME/log")" >&2
  exit 1
fi
for fingerprint in "$@"; do
  [ "$signer" = "$fingerprint" ] && exit 0
done
echo "The package is signed by $signer, which is not among the trusted fingerprints: $*" >&2
exit 1
