# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""The program that puts persisted sets into force at boot: POSIX sh, because nothing else is sure to be there."""

from __future__ import annotations

LOADER_TEXT = r"""#!/bin/sh
# Written by the Ansible module fleetkit.ecs.netfilter_rules, which also removes it.
#
# fleetkit-ecs-netfilter load SET
#
# Puts the rules of /etc/fleetkit-ecs/netfilter.d/SET.rules into force and fails if any of them is not.
# A rule at a position is put there, any other is left where it is or appended. Each chain is changed in one
# transaction, so no rule is ever out of force for a moment, and no rule of anybody else is touched.

set -fu # -f: the words of a rule are never file names

say() { echo "$name: $*"; }
complain() {
    echo "$name: $*" >&2
    failed=1
}

# load_chain FAMILY TABLE CHAIN
load_chain() {
    iptables=iptables
    [ "$1" = ipv6 ] && iptables=ip6tables
    if ! listing=$($iptables -w 10 -t "$2" -S "$3" 2>&1); then
        complain "cannot list chain $3 of table $2 ($1): $listing"
        return
    fi
    length=$(echo "$listing" | grep -c '^-A')
    count=0 new=0 deletions='' work=''
    while read -r family table position chain rule; do
        [ "$family $table $chain" = "$1 $2 $3" ] || continue
        rule="$rule -m comment --comment fleetkit.ecs:$name"
        count=$((count + 1))
        # shellcheck disable=SC2086 # a rule is its words
        if ! $iptables -w 10 -t "$2" -C "$3" $rule 2>/dev/null; then
            new=$((new + 1))
        elif [ "$position" = - ]; then
            continue
        else
            length=$((length - 1))
            deletions="$deletions-D $3 $rule
"
        fi
        work="$work$position $rule
"
    done <"$file"
    if [ -n "$work" ] && ! answer=$(transaction "$2" "$3" | $iptables-restore -w 10 --noflush 2>&1); then
        complain "chain $3 of table $2 ($1) is unchanged: $answer"
        return
    fi
    total=$((total + count)) added=$((added + new))
    if [ "$3" = DOCKER-USER ] && ! $iptables -w 10 -C FORWARD -j DOCKER-USER 2>/dev/null; then
        complain "FORWARD does not jump to DOCKER-USER ($1), its rules do nothing: restart docker"
    fi
}

# transaction TABLE CHAIN: what iptables-restore is to do. A position beyond the chain's end is its end.
transaction() {
    printf '*%s\n%s' "$1" "$deletions"
    printf '%s' "$work" | while read -r position rule; do
        length=$((length + 1))
        [ "$position" != - ] && [ "$position" -lt "$length" ] || position=$length
        echo "-I $2 $position $rule"
    done
    echo COMMIT
}

if [ $# -ne 2 ] || [ "$1" != load ]; then
    echo "usage: $0 load SET" >&2
    exit 64
fi
name=$2 file=/etc/fleetkit-ecs/netfilter.d/$2.rules
total=0 added=0 failed=0 last=''
[ -r "$file" ] || complain "$file cannot be read"
[ $failed = 0 ] || exit 1
while read -r family table position chain rule; do
    case $family in
        '' | '#'*) continue ;;
        ipv4) ;;
        ipv6)
            if [ ! -d /proc/sys/net/ipv6 ]; then
                say "no IPv6 here, skipped: $table $chain $rule"
                continue
            fi
            ;;
        *)
            complain "neither ipv4 nor ipv6: $family $table $position $chain $rule"
            continue
            ;;
    esac
    # Rules of one chain stand together, and the first one loads them all.
    [ "$family $table $chain" != "$last" ] || continue
    last="$family $table $chain"
    load_chain "$family" "$table" "$chain"
done <"$file"
say "$total rules in force ($added added)"
exit $failed
"""
