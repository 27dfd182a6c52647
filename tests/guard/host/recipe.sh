#!/bin/sh
# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# recipe.sh: what Amazon's page says to do by hand: the path of the tasks' credentials, one rule in front of IMDS, and a
# snapshot of all rules, which the iptables service (netfilter-persistent on Debian) restores at boot.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
set -u
echo 'net.ipv4.conf.all.route_localnet = 1' > /etc/sysctl.d/99-ecs.conf
sysctl --quiet --load /etc/sysctl.d/99-ecs.conf
iptables -t nat -A PREROUTING -p tcp -d 169.254.170.2 --dport 80 -j DNAT --to-destination 127.0.0.1:51679
iptables -t nat -A OUTPUT -d 169.254.170.2 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 51679
iptables --insert DOCKER-USER 1 --in-interface docker+ --destination 169.254.169.254/32 --jump DROP
iptables-save > /etc/iptables/rules.v4
systemctl enable --now netfilter-persistent
