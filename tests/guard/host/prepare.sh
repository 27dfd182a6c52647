#!/bin/sh
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# prepare.sh NUMBER ADDRESS6 FAMILIES: the witness, and a prober on each kind of bridge that restarts whatever happens.
#
# Every host's containers have addresses of their own, which the IMDS stand-in knows the way to. So a task is answered
# even when no rule of Docker's is left to hide its address, and a leak is seen while the nat table is empty.
set -eu
number=$1 address6=$2 families=$3
cd /var/lib/guard-proof
sed "s/ADDRESS6/$address6/" guard-proof-witness.service > /etc/systemd/system/guard-proof-witness.service
systemctl enable --now --quiet guard-proof-witness.service

mkdir -p /etc/docker
echo "{\"bip\": \"10.66.$number.1/26\", \"live-restore\": false}" > /etc/docker/daemon.json
systemctl restart docker

probe() { # probe STREAM NETWORK KINDS...
  stream=$1 network=$2
  shift 2
  docker run --detach --name "probe-$stream" --network "$network" --restart always --stop-signal SIGKILL \
    --volume /var/lib/guard-proof:/var/lib/guard-proof lab/task:latest \
    python3 -I -S /var/lib/guard-proof/probe.py task "$stream" "$@"
}
case $families in
  *imds6*) ipv6="--ipv6 --subnet fd66:$number::/64" ;;
  *) ipv6= ;;
esac
# shellcheck disable=SC2086 # words on purpose
docker network create --subnet "10.66.$number.64/26" $ipv6 user
docker network create --subnet "10.66.$number.128/26" --opt com.docker.network.bridge.name=tasks0 named
probe docker0 bridge imds4
# shellcheck disable=SC2086
probe user user $families
probe named named imds4
