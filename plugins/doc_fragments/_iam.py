# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

from __future__ import annotations

import re
import textwrap


def suboptions(parameter: str, options: str) -> str:
    """The options of a single module, as suboptions of the parameter that takes a list of them."""
    named = re.sub(r"\bO\((\w+)", rf"O({parameter}[].\1", options)
    return "    suboptions:\n" + textwrap.indent(named.strip("\n").removeprefix("options:\n"), "    ") + "\n"


# Each option is written once: a single module has it as an option, iam_resources as a suboption of a list.
class ModuleDocFragment:
    MANAGED_POLICY = r"""
options:
  name:
    description: Name of the policy. IAM names are unique in the account, whatever the path and ignoring case.
    type: str
    required: true
    aliases: [policy_name]
  document:
    description:
      - The policy, as a mapping or its JSON text, of at most 6144 characters without white space.
      - Needed to create the policy.
    type: json
    aliases: [policy, policy_json]
  description:
    description:
      - What the policy is for, at most 1000 characters.
      - IAM cannot change it. Another description than the existing policy's is a warning.
    type: str
    aliases: [policy_description]
  path:
    description:
      - Path of a policy that is created, V(/) if left out.
      - IAM cannot move a policy. Another path than the existing policy's is a warning.
    type: str
    aliases: [prefix, path_prefix]
  tags:
    description: Tags of the policy, as a map of strings.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed, when it is given. Tags of C(aws:) always stay.
    type: bool
    default: true
  state:
    description: V(absent) detaches the policy from every role, user and group and deletes it with all its versions.
    type: str
    choices: [present, absent]
    default: present
"""

    ROLE = r"""
options:
  name:
    description: Name of the role. IAM names are unique in the account, whatever the path and ignoring case.
    type: str
    required: true
    aliases: [role_name]
  trust:
    description:
      - The trust policy (who may assume the role), as a mapping or its JSON text.
      - Needed to create the role. In check mode a role that does not exist yet is foreseen without it, with a warning;
        a real run refuses it.
    type: json
    aliases: [assume_role_policy_document]
  managed_policies:
    description:
      - Managed policies to attach, by name or ARN.
      - A name is looked for among what is attached already, then at the path V(/) of the account, then among Amazon's
        own policies, then at the other paths of the account.
      - In check mode a policy that does not exist yet is foreseen with a warning; a real run refuses it.
    type: list
    elements: str
    aliases: [managed_policy]
  purge_managed_policies:
    description: Whether attached policies that O(managed_policies) does not name are detached, when it is given.
    type: bool
    default: true
    aliases: [purge_policies, purge_policy]
  inline_policies:
    description:
      - Inline policies, as a map from policy name to document (a mapping or its JSON text).
      - V(null) in place of a document deletes the policy of that name, whatever O(purge_inline_policies) says.
    type: dict
  purge_inline_policies:
    description: Whether inline policies that O(inline_policies) does not name are deleted, when it is given.
    type: bool
    default: true
  instance_profile:
    description:
      - Name of the instance profile that holds the role, created where it does not exist.
      - A profile holds one role, so another role in it is taken out first.
      - With O(state=absent), a profile that holds this role or none is deleted too.
    type: str
  description:
    description: What the role is for, at most 1000 characters. V("") removes it.
    type: str
  path:
    description:
      - Path of a role that is created, V(/) if left out.
      - IAM cannot move a role. Another path than the existing role's is a warning.
    type: str
    aliases: [prefix, path_prefix]
  max_session_duration:
    description: Longest session in seconds, from 3600 (which is also IAM's default) to 43200.
    type: int
  permissions_boundary:
    description: ARN of the managed policy that bounds the role's permissions. V("") removes the boundary.
    type: str
    aliases: [boundary, boundary_policy_arn]
  tags:
    description: Tags of the role, as a map of strings.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed, when it is given. Tags of C(aws:) always stay.
    type: bool
    default: true
  state:
    description:
      - V(absent) detaches its policies, deletes its inline policies, takes it out of its instance profiles and deletes
        the role.
    type: str
    choices: [present, absent]
    default: present
"""

    INSTANCE_PROFILE = r"""
options:
  name:
    description: Name of the instance profile. IAM names are unique in the account, whatever the path and ignoring case.
    type: str
    required: true
    aliases: [instance_profile_name]
  role:
    description:
      - Name of the role that the profile holds. A profile holds one role, so another one in it is taken out first.
      - V("") empties the profile. Left out, the role in it is left alone.
    type: str
  path:
    description:
      - Path of a profile that is created, V(/) if left out.
      - IAM cannot move a profile. Another path than the existing profile's is a warning.
    type: str
    aliases: [prefix, path_prefix]
  tags:
    description: Tags of the profile, as a map of strings.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed, when it is given. Tags of C(aws:) always stay.
    type: bool
    default: true
  state:
    description: V(absent) takes the role out and deletes the profile.
    type: str
    choices: [present, absent]
    default: present
"""

    TRUST_STATEMENT = r"""
options:
  role:
    description:
      - The role whose trust policy has the statement, by name or ARN. It must exist.
      - An ARN is safer. It says in which account the role is, and with credentials of another account the module
        refuses to run instead of changing a role that happens to have the same name.
      - In check mode a role that does not exist yet is foreseen with a warning; a real run refuses it. With
        O(state=absent) there is nothing to do.
    type: str
    required: true
    aliases: [role_name]
  sid:
    description:
      - The statement's C(Sid), letters and digits. The statement of this C(Sid) is ours. Every other one stays as it
        is.
      - Statements that mean the same and have no C(Sid) are replaced by ours in the same write.
    type: str
    required: true
  statement:
    description:
      - The statement, as a mapping or its JSON text, without a C(Sid) or with that of O(sid).
      - Needed with O(state=present).
    type: json
  state:
    description:
      - V(absent) removes the statement of that C(Sid).
      - The last statement of a trust policy cannot be removed, because IAM takes no policy without one. It is refused.
    type: str
    choices: [present, absent]
    default: present
"""

    WAIT = r"""
options:
  wait:
    description:
      - Whether to look again after a change until IAM shows all that was written. IAM is eventually consistent, and the
        next task, or the next run, may ask a server that does not know yet.
      - Other services learn of a new role or instance profile a few seconds after IAM shows it, and have no way to ask
        them beforehand.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait at most for IAM to know what has just been created, for example the role that a trust
        policy names or the policy that is attached. What waits for the same thing waits together.
      - After it, a principal or a policy that IAM does not know is an error that names it, and a change that IAM does
        not show is a warning. RV(waited) says how long it was.
    type: int
    default: 120
"""

    # With an annotation, because ansible-test takes what is assigned without one for literal YAML.
    RESOURCES: str = f"""
options:
  policies:
    description: Managed policies, each as M(fleetkit.ecs.iam_managed_policy) takes it.
    type: list
    elements: dict
{suboptions("policies", MANAGED_POLICY)}
  roles:
    description:
      - Roles, each as M(fleetkit.ecs.iam_role) takes it.
      - A role may attach a policy of O(policies) by its name, and its trust policy may name a role of O(roles).
    type: list
    elements: dict
{suboptions("roles", ROLE)}
  instance_profiles:
    description:
      - Instance profiles, each as M(fleetkit.ecs.iam_instance_profile) takes it. A profile may hold a role of O(roles).
      - One that only holds a role need not be here, O(roles[].instance_profile) is enough.
    type: list
    elements: dict
{suboptions("instance_profiles", INSTANCE_PROFILE)}
"""
