# Copyright: (c) 2026, fleetkit.ecs contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: it may change in any release.

"""Every variable that the Amazon ECS container agent or ecs-init reads, and what it may be set to.

Taken from the README and the configuration code of https://github.com/aws/amazon-ecs-agent, and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html. A version is the first release
whose README or code has the name. The table is Python and not JSON because only Python travels with a module to a host.
"""

from __future__ import annotations

from ansible_collections.fleetkit.ecs.plugins.module_utils._agent.model import Variable

LEVELS = ("debug", "info", "warn", "error", "crit", "none")

DEFAULTED = "logged as a warning, then the default applies"
SILENTLY_FALSE = "silently false"
EXITS = "it exits and ecs-init restarts it for ever"

BY_ECS_INIT = "ecs-init sets it itself, and this value takes the place of the right one"
ON_WINDOWS = "it does nothing on Linux"

_ALL = (
    Variable("ECS_CLUSTER", "string", "0.0.3"),
    Variable("AWS_DEFAULT_REGION", "string", "0.0.3"),
    Variable("ECS_BACKEND_HOST", "string", "0.0.3"),
    Variable("ECS_EXTERNAL", "bool", "1.52.0", otherwise=DEFAULTED),
    Variable("DOCKER_HOST", "string", "0.0.3"),
    Variable("ECS_AGENT_CONFIG_FILE_PATH", "string", "0.0.3"),
    Variable(
        "ECS_INSTANCE_IP_COMPATIBILITY",
        "enum",
        "1.98.0",
        allowed=("ipv4", "ipv6"),
        any_case=True,
        otherwise="warning, auto-detection",
    ),
    Variable("ECS_DETAILED_OS_FAMILY", "string", "1.97.0"),
    Variable(
        "ECS_INSTANCE_ATTRIBUTES",
        "json_object",
        "1.14.0",
        string_values=True,
        otherwise=EXITS,
    ),
    Variable(
        "ECS_CONTAINER_INSTANCE_TAGS",
        "json_object",
        "1.22.0",
        key_length=128,
        value_length=256,
        string_values=True,
        otherwise=EXITS,
    ),
    Variable(
        "ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM",
        "enum",
        "1.22.0",
        allowed=("none", "ec2_instance"),
        otherwise="silently none",
    ),
    Variable("ECS_WARM_POOLS_CHECK", "bool", "1.59.0", otherwise=DEFAULTED),
    Variable("ECS_ENABLE_SPOT_INSTANCE_DRAINING", "bool", "1.32.0", otherwise=DEFAULTED),
    Variable("ECS_ALTERNATE_CREDENTIAL_PROFILE", "string", "1.63.0"),
    Variable("ECS_RESERVED_PORTS", "json_array", "0.0.3", items="uint16", otherwise=DEFAULTED),
    Variable("ECS_RESERVED_PORTS_UDP", "json_array", "1.2.0", items="uint16", otherwise=DEFAULTED),
    Variable("ECS_DYNAMIC_HOST_PORT_RANGE", "port_range", "1.68.0", otherwise="warning, kernel ephemeral range"),
    Variable("ECS_EXCLUDE_IPV6_PORTBINDING", "bool", "1.55.3", otherwise=DEFAULTED),
    Variable(
        "ECS_ENGINE_AUTH_TYPE",
        "enum",
        "0.0.3",
        allowed=("docker", "dockercfg"),
        otherwise="warning, no registry credentials",
    ),
    Variable("ECS_ENGINE_AUTH_DATA", "json_object", "0.0.3", secret=True, otherwise="warning, no registry credentials"),
    Variable("ECS_LOGLEVEL", "enum", "0.0.3", allowed=LEVELS, any_case=True, otherwise="error logged, info kept"),
    Variable(
        "ECS_LOGLEVEL_ON_INSTANCE",
        "enum",
        "1.44.0",
        allowed=LEVELS,
        any_case=True,
        otherwise="error logged, default kept",
    ),
    Variable("ECS_LOGFILE", "path", "0.0.3"),
    Variable("ECS_LOG_ROLLOVER_TYPE", "enum", "1.36.0", allowed=("size", "hourly")),
    Variable(
        "ECS_LOG_OUTPUT_FORMAT",
        "enum",
        "1.36.0",
        allowed=("logfmt", "json"),
        otherwise="not validated: the logger reconfiguration fails and the previous format stays",
    ),
    Variable("ECS_LOG_MAX_FILE_SIZE_MB", "float", "1.36.0", otherwise="error logged, 5 kept"),
    Variable("ECS_LOG_MAX_ROLL_COUNT", "int", "1.36.0", minimum=0, otherwise="error logged, 24 kept"),
    Variable(
        "ECS_LOG_DRIVER",
        "enum",
        "1.44.0",
        allowed=("awslogs", "fluentd", "gelf", "json-file", "journald", "logentries", "splunk", "syslog"),
        otherwise="ecs-init: warning, json-file with default options",
    ),
    Variable(
        "ECS_LOG_OPTS", "json_object", "1.44.0", secret=True, string_values=True, otherwise="warning, options ignored"
    ),
    Variable("ECS_INIT_DOCKER_LOG_FILE_SIZE", "string", "1.60.1"),
    Variable("ECS_INIT_DOCKER_LOG_FILE_NUM", "int", "1.60.1", minimum=1),
    Variable(
        "ECS_AVAILABLE_LOGGING_DRIVERS",
        "json_array",
        "1.5.0",
        allowed=(
            "json-file",
            "syslog",
            "journald",
            "gelf",
            "fluentd",
            "awslogs",
            "splunk",
            "logentries",
            "sumologic",
            "none",
            "awsfirelens",
        ),
        items="string",
        otherwise="bad JSON: warning and default; an unknown name: " + EXITS,
    ),
    Variable("ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE", "bool", "1.16.0", otherwise=DEFAULTED),
    Variable("ECS_AUDIT_LOGFILE", "path", "1.11.0"),
    Variable("ECS_AUDIT_LOGFILE_DISABLED", "bool", "1.11.0", otherwise=SILENTLY_FALSE),
    Variable("ECS_ENABLE_RUNTIME_STATS", "bool", "1.55.2", otherwise=DEFAULTED),
    Variable("ECS_ENABLE_PROMETHEUS_METRICS", "bool", "1.24.0", otherwise=SILENTLY_FALSE),
    Variable("ECS_DATADIR", "path", "0.0.3"),
    Variable("ECS_HOST_DATA_DIR", "path", "1.15.0"),
    Variable("ECS_CHECKPOINT", "bool", "0.0.3", otherwise=DEFAULTED),
    Variable("ECS_UPDATES_ENABLED", "bool", "1.0.0", otherwise=DEFAULTED),
    Variable("ECS_UPDATE_DOWNLOAD_DIR", "path", "1.0.0"),
    Variable("ECS_DISABLE_METRICS", "bool", "1.2.0", otherwise=DEFAULTED),
    Variable("ECS_POLL_METRICS", "bool", "1.24.0", otherwise=DEFAULTED),
    Variable(
        "ECS_POLLING_METRICS_WAIT_DURATION",
        "duration",
        "1.24.0",
        minimum="5s",
        maximum="20s",
        otherwise="out of range: clamped (only when ECS_POLL_METRICS is on); unparseable: default",
    ),
    Variable(
        "ECS_RESERVED_MEMORY",
        "int",
        "1.2.1",
        minimum=0,
        maximum=65535,
        otherwise="warning and 0, also for values above 65535",
    ),
    Variable(
        "ECS_TASK_METADATA_RPS_LIMIT",
        "string",
        "1.17.1",
        pattern="[1-9][0-9]*,[1-9][0-9]*",
        shape="two whole numbers above 0 with a comma between them, such as 40,60",
        otherwise="warning, 40,60",
    ),
    Variable("ECS_DISABLE_TASK_METADATA_AZ", "bool", "1.25.2", otherwise=SILENTLY_FALSE),
    Variable("ECS_DISABLE_PRIVILEGED", "bool", "1.5.0", otherwise=DEFAULTED),
    Variable("ECS_SELINUX_CAPABLE", "bool", "1.5.0", otherwise=DEFAULTED),
    Variable("ECS_APPARMOR_CAPABLE", "bool", "1.5.0", otherwise=DEFAULTED),
    Variable("ECS_ENABLE_TASK_IAM_ROLE", "bool", "1.11.0", otherwise=DEFAULTED),
    Variable("ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST", "bool", "1.12.0", otherwise=SILENTLY_FALSE),
    Variable(
        "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION",
        "duration",
        "1.8.0",
        minimum="1s",
        otherwise="below 1s or unparseable: 3h",
    ),
    Variable("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION_JITTER", "duration", "1.55.0", otherwise="unparseable: no jitter"),
    Variable(
        "ECS_MANIFEST_PULL_TIMEOUT",
        "duration",
        "1.83.0",
        minimum="30s",
        otherwise="below 30s: 30s; unparseable or zero: default",
    ),
    Variable(
        "ECS_CONTAINER_STOP_TIMEOUT",
        "duration",
        "1.10.0",
        minimum="1s",
        otherwise="below 1s: 1s; unparseable or zero: default",
    ),
    Variable(
        "ECS_CONTAINER_START_TIMEOUT",
        "duration",
        "1.17.3",
        minimum="45s",
        otherwise="below 45s: 45s; unparseable or zero: default",
    ),
    Variable(
        "ECS_CONTAINER_CREATE_TIMEOUT",
        "duration",
        "1.49.0",
        minimum="1m",
        otherwise="below 1m: 1m; unparseable or zero: default",
    ),
    Variable(
        "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT",
        "duration",
        "1.21.0",
        minimum="1m",
        otherwise="below 1m: 1m; unparseable or zero: default",
    ),
    Variable("ECS_IMAGE_PULL_TIMEOUT", "duration", "1.44.2", otherwise="unparseable or zero: the default"),
    Variable("ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT", "bool", "1.48.0", otherwise=DEFAULTED),
    Variable(
        "ECS_IMAGE_PULL_BEHAVIOR",
        "enum",
        "1.18.0",
        allowed=("default", "always", "once", "prefer-cached"),
        otherwise="silently default (case-sensitive)",
    ),
    Variable("ECS_DISABLE_IMAGE_CLEANUP", "bool", "1.13.0", otherwise=DEFAULTED),
    Variable(
        "ECS_IMAGE_CLEANUP_INTERVAL", "duration", "1.13.0", minimum="10m", otherwise="below 10m or unparseable: 30m"
    ),
    Variable("ECS_IMAGE_MINIMUM_CLEANUP_AGE", "duration", "1.13.0", otherwise="unparseable or zero: the default"),
    Variable("NON_ECS_IMAGE_MINIMUM_CLEANUP_AGE", "duration", "1.33.0", otherwise="unparseable or zero: the default"),
    Variable("ECS_NUM_IMAGES_DELETE_PER_CYCLE", "int", "1.13.0", minimum=1, otherwise="below 1 or not an integer: 5"),
    Variable("NONECS_NUM_CONTAINERS_DELETE_PER_CYCLE", "int", "1.24.0", minimum=1, otherwise="0 or not an integer: 5"),
    Variable("ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP", "bool", "1.24.0", otherwise=DEFAULTED),
    Variable(
        "ECS_EXCLUDE_UNTRACKED_IMAGE",
        "string",
        "1.24.0",
        pattern=r"[^\s,]+:[^\s,]+(,[^\s,]+:[^\s,]+)*",
        shape="name:tag pairs with commas and no spaces between them",
    ),
    Variable("ECS_DISABLE_DOCKER_HEALTH_CHECK", "bool", "1.25.0", otherwise=DEFAULTED),
    Variable("ECS_AGENT_HEALTHCHECK_HOST", "string", "1.51.0"),
    Variable("ECS_ENABLE_TASK_CPU_MEM_LIMIT", "bool", "1.16.0", otherwise=DEFAULTED),
    Variable("ECS_CGROUP_PATH", "path", "1.17.0"),
    Variable(
        "ECS_CGROUP_CPU_PERIOD",
        "duration",
        "1.28.0",
        minimum="8ms",
        maximum="100ms",
        otherwise="outside the range: warning, 100ms",
    ),
    Variable("ECS_TASK_PIDS_LIMIT", "int", "1.77.0", minimum=1, maximum=4194304, otherwise="warning, unlimited"),
    Variable("ECS_PROPAGATE_TASK_MEMORY_LIMIT_CGROUPV2", "bool", "1.104.0", otherwise=DEFAULTED),
    Variable("ECS_SHARED_VOLUME_MATCH_FULL_CONFIG", "bool", "1.20.2", otherwise=DEFAULTED),
    Variable("ECS_ENABLE_CONTAINER_METADATA", "bool", "1.15.0", otherwise=DEFAULTED),
    Variable("ECS_VOLUME_PLUGIN_CAPABILITIES", "json_array", "1.38.0", items="string", otherwise="warning, empty"),
    Variable("ECS_EBSTA_SUPPORTED", "bool", "1.82.0", otherwise="silently true"),
    Variable("ECS_ENABLE_FIRELENS_ASYNC", "bool", "1.91.0", otherwise=DEFAULTED),
    Variable("ECS_PAUSE_LABELS", "json_object", "1.101.0", string_values=True, otherwise="error logged, no labels"),
    Variable("ECS_ENABLE_GPU_SUPPORT", "bool", "1.25.0", otherwise=SILENTLY_FALSE),
    Variable("ECS_NVIDIA_RUNTIME", "string", "1.25.0"),
    Variable("ECS_ENABLE_INF_SUPPORT", "bool", "1.41.0", otherwise=SILENTLY_FALSE),
    Variable("ECS_ENABLE_TASK_ENI", "bool", "1.15.0", otherwise=DEFAULTED),
    Variable("ECS_ENABLE_HIGH_DENSITY_ENI", "bool", "1.28.0", otherwise=DEFAULTED),
    Variable("ECS_CNI_PLUGINS_PATH", "path", "1.15.0"),
    Variable("ECS_AWSVPC_BLOCK_IMDS", "bool", "1.15.0", otherwise=DEFAULTED),
    Variable("ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", "json_array", "1.15.0", items="cidr", otherwise=EXITS),
    Variable("HTTP_PROXY", "string", "1.6.0", secret=True),
    Variable("NO_PROXY", "string", "1.6.0"),
    Variable("ECS_GMSA_SUPPORTED", "bool", "1.66.0", otherwise=SILENTLY_FALSE),
    Variable("CREDENTIALS_FETCHER_HOST", "string", "1.66.0", pattern="unix://.+", shape="a unix:// address"),
    Variable("CREDENTIALS_FETCHER_SECRET_NAME_FOR_DOMAINLESS_GMSA", "string", "1.66.0"),
    Variable("CREDENTIALS_FETCHER_HOST_DIR", "path", "1.66.0", notice=BY_ECS_INIT),
    Variable("ECS_DOMAIN_JOINED_LINUX_INSTANCE", "bool", "1.66.0", notice=BY_ECS_INIT),
    Variable("ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED", "bool", "1.47.0", notice=ON_WINDOWS),
    Variable("ECS_ENABLE_CPU_UNBOUNDED_WINDOWS_WORKAROUND", "bool", "1.17.1", notice=ON_WINDOWS),
    Variable("ECS_ENABLE_MEMORY_UNBOUNDED_WINDOWS_WORKAROUND", "bool", "1.32.1", notice=ON_WINDOWS),
    Variable("ECS_SKIP_LOCALHOST_TRAFFIC_FILTER", "bool", "1.42.0", otherwise="error logged, false"),
    Variable("ECS_ALLOW_OFFHOST_INTROSPECTION_ACCESS", "bool", "1.45.0", otherwise="error logged, false"),
    Variable(
        "ECS_OFFHOST_INTROSPECTION_INTERFACE_NAME", "string", "1.55.4", notice="agents from 1.97.0 on no longer read it"
    ),
    Variable("ECS_AGENT_LABELS", "json_object", None, string_values=True, otherwise="error logged, no labels"),
    Variable("ECS_AGENT_APPARMOR_PROFILE", "string", "1.80.0"),
    Variable("ECS_AGENT_PID_NAMESPACE_HOST", "bool", "1.94.0", otherwise="debug log, false"),
    Variable("ECS_AGENT_RUN_PRIVILEGED", "bool", None, otherwise="anything but the literal 'true' is false"),
)

VARIABLES = {variable.name: variable for variable in _ALL}
