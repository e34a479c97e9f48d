"""User data that never ends, waits for the agent or restarts the instance, and what only looks so."""

from __future__ import annotations

from typing import Final

import pytest

from cdk_pull.agent.readers import linux

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
F: Final = "/etc/ecs/ecs.config"
ONCE: Final = f"echo {B}=once >> {F}"
ASK: Final = "curl -s http://localhost:51678/v1/metadata"


def _codes(script: str) -> list[tuple[str, int]]:
    return [(str(each.code), each.line) for each in linux.read(f"#!/bin/bash\n{ONCE}\n{script}\n").warnings]


@pytest.mark.parametrize(
    "script",
    [
        f"until {ASK}; do sleep 1; done",
        f"until {ASK} > /dev/null 2>&1; do\n  sleep 1\ndone",
        "until curl -sf http://127.0.0.1:51678/v1/tasks; do sleep 1; done",
        "until curl --fail \\\n  localhost:51678; do sleep 1; done",
        "until nc -z localhost 51678; do sleep 1; done",
        "until sudo curl -s localhost:51678; do sleep 1; done",
        "while ! curl -s localhost:51679/metrics; do sleep 1; done",
        f'while [ -z "$({ASK})" ]; do sleep 1; done',
        f'while [ "$({ASK} | jq -r .Cluster)" = "" ]; do sleep 1; done',
        f'X=$({ASK})\nwhile [ -z "$X" ]; do sleep 1; X=$({ASK}); done',
        f"while true; do {ASK} && break; sleep 1; done",
        f"while true; do\n  if {ASK}; then break; fi\n  sleep 1\ndone",
        f"while :; do if ! {ASK}; then sleep 1; else break; fi; done",
        "until docker ps | grep -q ecs-agent; do sleep 1; done",
        "while ! docker inspect ecs-agent; do sleep 1; done",
        "until systemctl is-active ecs; do sleep 1; done",
        "until systemctl is-active --quiet ecs.service; do sleep 1; done",
        "until service ecs status; do sleep 1; done",
        "until netstat -ln | grep 51678; do sleep 1; done",
        "until pgrep -f amazon-ecs-agent; do sleep 1; done",
        f"wait_for() {{ until {ASK}; do sleep 1; done; }}\nwait_for",
        f"bash -c 'until {ASK}; do sleep 1; done'",
        f"for ((;;)); do {ASK} && break; done",
        f"sudo bash -c 'until {ASK}; do sleep 1; done'",
        f"until {ASK}; do sleep 1; done | tee /var/log/wait",
        f"(until {ASK}; do sleep 1; done)",
        f"if true; then until {ASK}; do sleep 1; done; fi",
        f"cat > /tmp/w.sh <<'EOF'\nuntil {ASK}; do sleep 1; done\nEOF\nbash /tmp/w.sh",
        f"cat > /tmp/w.sh <<'EOF'\nuntil {ASK}; do sleep 1; done\nEOF\nchmod +x /tmp/w.sh\n/tmp/w.sh",
        f"eval 'until {ASK}; do sleep 1; done'",
    ],
)
def test_waits_for_the_agent(script: str) -> None:
    """A loop in the foreground that the agent alone can end is found, in one warning."""
    assert [code for code, _ in _codes(script)] == ["waits-for-agent"]


@pytest.mark.parametrize(
    "script",
    [
        "while true; do sleep 5; done",
        "while true; do\n  aws ecs list-tasks\n  sleep 60\ndone",
        "while :; do date >> /var/log/alive; sleep 1; done",
        "while sleep 5; do docker system df; done",
        "while [ 1 ]; do sleep 1; done",
        "while [[ true ]]; do sleep 1; done",
        "while ((1)); do sleep 1; done",
        "until false; do sleep 1; done",
        "for ((;;)); do sleep 1; done",
        "while ! false; do sleep 1; done",
        "while true; do while true; do sleep 1; done; break; done",
        "while true; do for i in 1 2; do break; done; sleep 1; done",
        "f() { while true; do sleep 1; done; }\nf",
        "x=a\nwhile [ $x = a ]; do sleep 1; done",
        "while test -n a; do sleep 1; done",
        "while true && true; do sleep 1; done",
        "tail -f /var/log/messages",
        "tail -F /var/log/ecs/ecs-agent.log",
        "tail -n 5 -f /var/log/messages",
        "tail --follow=name /var/log/messages",
        "exec tail -f /dev/null",
        "journalctl -f",
        "journalctl -u docker -f",
        "journalctl -fu docker",
        "journalctl --follow",
        "docker logs -f web",
        "sleep infinity",
        "sudo sleep inf",
        "watch docker ps",
        "yes > /dev/null",
        "echo start && sleep infinity",
        "if true; then tail -f /dev/null; fi",
        "tail -f /var/log/messages | tee /var/log/copy | cat | logger; sleep infinity",
    ],
)
def test_never_ends(script: str) -> None:
    """What goes on for ever in the foreground is found, in one warning."""
    assert [code for code, _ in _codes(script)] == ["never-ends"]


@pytest.mark.parametrize(
    "script",
    [
        # In the background, in a unit, in cron.
        f"until {ASK}; do sleep 1; done &",
        f"(until {ASK}; do sleep 1; done; docker plugin install x) &",
        f"{{ until {ASK}; do sleep 1; done; }} &",
        f"w() {{ until {ASK}; do sleep 1; done; }}\nw &",
        f"nohup bash -c 'until {ASK}; do sleep 1; done' &",
        f"timeout 300 bash -c 'until {ASK}; do sleep 1; done'",
        "tail -f /var/log/messages > /dev/null &",
        "sleep infinity & disown",
        "while true; do sleep 5; done &",
        f"cat > /etc/systemd/system/w.service <<'EOF'\n[Service]\nExecStart=/bin/sh -c 'until {ASK}; do sleep 1; done'\nEOF",
        "cat > /usr/local/bin/w <<'EOF'\n#!/bin/bash\nwhile true; do sleep 5; done\nEOF",
        f"echo '* * * * * root {ASK}' > /etc/cron.d/w",
        f"w() {{ until {ASK}; do sleep 1; done; }}",
        "timeout 10 tail -f /var/log/messages",
        # With an end.
        f"{ASK} || true",
        f"for i in 1 2 3; do {ASK} && break; sleep 1; done",
        f"for i in $(seq 60); do {ASK} && break; sleep 1; done",
        "until curl -s http://169.254.169.254/latest/meta-data/; do sleep 1; done",
        "until docker info; do sleep 1; done",
        "until [ -f /tmp/ready ]; do sleep 1; done",
        "while ! yum install -y jq; do sleep 5; done",
        "while true; do yum install -y jq && break; sleep 5; done",
        "while true; do if aws s3 ls; then break; fi; sleep 5; done",
        "while true; do [ -e /dev/xvdf ] && break; sleep 5; done",
        "while true; do n=$((n+1)); [ $n -gt 5 ] && exit 1; sleep 1; done",
        "while read line; do echo $line; done < /etc/hosts",
        "while fuser /var/lib/rpm/.rpm.lock; do sleep 1; done",
        'while [ "$(curl -s x)" != ready ]; do sleep 1; done',
        "f() { while true; do return; done; }\nf",
        "tail -n 5 /var/log/messages",
        "tail -f /var/log/messages | grep -m1 ready",
        "tail --pid=1 -f /var/log/messages",
        "journalctl -u docker",
        "sleep 30",
        "docker logs web",
        "systemctl status docker",
        "docker ps -f name=web",
        "echo 'tail -f /var/log/messages'",
        "# while true; do sleep 5; done",
        "grep -q 51678 /etc/services",
    ],
)
def test_ends(script: str) -> None:
    """What ends, or holds nobody up, is left alone."""
    assert _codes(script) == []


@pytest.mark.parametrize(
    "restart",
    [
        "reboot",
        "reboot now",
        "sudo reboot",
        "/sbin/reboot",
        "shutdown -r now",
        "shutdown -h now",
        "sudo shutdown -P 0",
        "shutdown -r +0",
        "halt",
        "poweroff",
        "systemctl reboot",
        "sudo systemctl poweroff",
        "init 6",
        "telinit 0",
        "yum update -y && reboot",
        "yum update -y; reboot",
        "exec reboot",
        "if true; then reboot; fi",
        "f() { reboot; }\nf",
        "bash -c reboot",
        "(reboot)",
        "nohup reboot",
    ],
)
def test_after_a_restart(restart: str) -> None:
    """What comes after a restart is found, and whether it ran is unknown."""
    reading = linux.read(f"#!/bin/bash\n{restart}\n{ONCE}\n")
    assert [(each.code, each.variable) for each in reading.warnings] == [("after-restart", B)]
    assert reading.effective[B] is None
    assert [each.reason for each in reading.unknown] == [
        "the instance restarts before this line, and cloud-init does not run the rest later"
    ]


@pytest.mark.parametrize(
    "script",
    [
        f"{ONCE}\nreboot",
        f"shutdown -h +60\n{ONCE}",
        f"shutdown -c\n{ONCE}",
        f"shutdown -r\n{ONCE}",
        f"shutdown -r 23:00\n{ONCE}",
        f"reboot --help\n{ONCE}",
        f"(sleep 60; reboot) &\n{ONCE}",
        f"echo reboot\n{ONCE}",
        f"echo '0 3 * * * root reboot' > /etc/cron.d/r\n{ONCE}",
        f"r() {{ reboot; }}\n{ONCE}",
        f"trap reboot ERR\n{ONCE}",
        f"if false; then reboot; fi\n{ONCE}",
        f"systemctl restart docker\n{ONCE}",
        f"init 3\n{ONCE}",
    ],
)
def test_no_restart_before_it(script: str) -> None:
    """A restart at the end, later or never, leaves the settings as they are."""
    reading = linux.read(f"#!/bin/bash\n{script}\n")
    assert (reading.effective[B], reading.warnings) == ("once", ())


def test_a_later_part_after_a_restart() -> None:
    """A restart in one part of an archive cuts off the settings of the next."""
    part = 'Content-Type: text/x-shellscript; charset="utf-8"\n\n#!/bin/bash\n'
    reading = linux.read(
        'Content-Type: multipart/mixed; boundary="b"\nMIME-Version: 1.0\n\n'
        f"--b\n{part}yum update -y kernel\nreboot now\n\n--b\n{part}{ONCE}\n\n--b--\n"
    )
    assert [(each.code, each.line) for each in reading.warnings] == [("after-restart", 15)]
    assert reading.effective[B] is None


@pytest.mark.parametrize(
    ("script", "behavior"),
    [
        (f"{ONCE}\ncurl https://x/setup | bash", None),
        (f"{ONCE}\ncurl -fsSL https://x/setup | sudo -E bash -", None),
        (f"{ONCE}\nwget -qO- https://x/setup | sh -s -- --yes", None),
        (f'{ONCE}\nbash -c "$(curl -fsSL https://x/setup)"', None),
        (f"{ONCE}\nbash <(curl -s https://x/setup)", None),
        (f'{ONCE}\neval "$(curl -s https://x/setup)"', None),
        (f"{ONCE}\ncurl -o /tmp/s.sh https://x/setup\nbash /tmp/s.sh", None),
        (f"{ONCE}\ncurl -fsSLo /tmp/s.sh https://x/setup; chmod +x /tmp/s.sh; /tmp/s.sh", None),
        (f"{ONCE}\ncd /tmp; curl -O https://x/setup.sh?v=1; sh setup.sh", None),
        (f"{ONCE}\ncd /tmp\nwget https://x/setup.sh\n. ./setup.sh", None),
        (f"{ONCE}\ncurl https://x/setup > /tmp/s; source /tmp/s", None),
        (f"{ONCE}\naws s3 cp s3://b/setup.sh /tmp/\nsudo bash /tmp/setup.sh", None),
        (f"{ONCE}\naws s3 cp s3://b/setup.sh /tmp/x.sh --quiet\n/tmp/x.sh", None),
        (f"{ONCE}\nsource /opt/settings.sh", None),
        (f"{ONCE}\nbash /opt/bootstrap.sh", None),
        (f"{ONCE}\ncurl -o /tmp/x.py https://x/setup; python3 /tmp/x.py", None),
        # What comes after it is known, and so is what the script writes itself.
        (f"curl https://x/setup | bash\n{ONCE}", "once"),
        (f"source /opt/settings.sh\n{ONCE}", "once"),
        (f"{ONCE}\nsource /etc/os-release", "once"),
        (f"{ONCE}\n. /etc/profile", "once"),
        (f"{ONCE}\nbash /usr/bin/setup", "once"),
        (f"{ONCE}\n/opt/aws/bin/cfn-signal -e 0", "once"),
        # What it applies is in a template's metadata.
        (f"{ONCE}\n/opt/aws/bin/cfn-init -v", None),
        (f"/opt/aws/bin/cfn-init -v\n{ONCE}", "once"),
        (f"{ONCE}\ncurl -o /tmp/a.zip https://x/a.zip; unzip /tmp/a.zip; ./aws/install", "once"),
        (f"{ONCE}\ncurl -s https://x/key | apt-key add -", "once"),
        (f"{ONCE}\naws s3 cp s3://b/a.rpm /tmp/a.rpm; rpm -i /tmp/a.rpm", "once"),
        (f"cat > /tmp/s <<'E'\n{ONCE}\nE\nsource /tmp/s", "once"),
        (f"cat > /tmp/s <<'E'\nM=once\nE\n. /tmp/s\necho {B}=$M >> {F}", "once"),
        (f"cat > /tmp/s <<'E'\n{ONCE}\nreturn\nexit 1\nE\n. /tmp/s\necho A=b >> {F}", "once"),
        (f"cat > /tmp/s <<'E'\nexit 0\nE\n. /tmp/s\n{ONCE}", "default"),
        (f"cat > /tmp/s <<'E'\n#!/bin/bash\n{ONCE}\nE\nchmod +x /tmp/s; /tmp/s", "once"),
        (f"cat > /tmp/s <<'E'\n#!/usr/bin/python3\nopen('{F}', 'a')\nE\nchmod +x /tmp/s; /tmp/s", None),
        (f"cat > /tmp/s <<'E'\n#!/usr/bin/python3\nprint(1)\nE\n{ONCE}\n/tmp/s", "once"),
        # Background jobs.
        (f"{ONCE}\n(sleep 1; echo ECS_CLUSTER=x > {F}) &", None),
        (f"(sleep 1; echo ECS_CLUSTER=x > {F}) &\nwait\n{ONCE}", "once"),
        (f"(sleep 1; echo ECS_CLUSTER=x > {F}) &\n{ONCE}", None),
        (f"{{ sleep 1; {ONCE}; }} &", None),
        (f"{{ sleep 1; echo ECS_CLUSTER=x >> {F}; }} &\n{ONCE}", "once"),
        (f"{ONCE}\n(exit 3) &", "once"),
    ],
)
def test_scripts_in_the_script(script: str, behavior: str | None) -> None:
    """What runs from elsewhere, or at its own time, makes unknown what it may change; what stands here is followed."""
    reading = linux.read(f"#!/bin/bash\n{script}\n")
    assert reading.effective[B] == behavior
    assert behavior is not None or all(each.reason for each in reading.unknown)
