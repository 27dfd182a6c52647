#!/bin/sh
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What Amazon documents for an external instance, step by step, against the lab: the SSM agent and its signature, the
# registration, the ECS agent and its signature, its two files, its start, and the wait for it. Docker is there already.
# SSM_URL ECS_URL KEY_URL ENDPOINT REGION CLUSTER ACTIVATION_ID ACTIVATION_CODE come from the environment.
set -eu
work=$(mktemp -d)
cd "$work"
curl --silent --fail --remote-name-all "$KEY_URL" "$SSM_URL" "$SSM_URL.sig" "$ECS_URL" "$ECS_URL.asc"
gpg --quiet --batch --import "$(basename "$KEY_URL")"
gpg --quiet --batch --verify "$(basename "$SSM_URL").sig" "$(basename "$SSM_URL")"
gpg --quiet --batch --verify "$(basename "$ECS_URL").asc" "$(basename "$ECS_URL")"

mkdir -p /etc/amazon/ssm /etc/ecs /var/lib/ecs
echo "{\"Ssm\": {\"Endpoint\": \"$ENDPOINT\"}}" >/etc/amazon/ssm/amazon-ssm-agent.json
dpkg --install "$(basename "$SSM_URL")"
systemctl stop amazon-ssm-agent
amazon-ssm-agent -register -id "$ACTIVATION_ID" -code "$ACTIVATION_CODE" -region "$REGION"
systemctl enable amazon-ssm-agent
systemctl start amazon-ssm-agent

dpkg --install "$(basename "$ECS_URL")"
echo "ECS_CLUSTER=$CLUSTER" >>/etc/ecs/ecs.config
printf 'AWS_DEFAULT_REGION=%s\nECS_EXTERNAL=true\nECS_BACKEND_HOST=%s\n' "$REGION" "$ENDPOINT" >>/var/lib/ecs/ecs.config
systemctl enable ecs
systemctl start ecs
tries=0
until curl --silent --fail http://127.0.0.1:51678/v1/metadata; do
  tries=$((tries + 1))
  [ "$tries" -lt 10 ]
  sleep 10
done
