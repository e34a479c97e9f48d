"""User data that names variables of the agent in every form, sensible or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from tests.agent.linux_texts import B, F

if TYPE_CHECKING:
    from cdk_pull.agent.variables import OperatingSystem

T: Final = "ECS_IMAGE_PULL_TIMEOUT"
NAMES: Final = st.sampled_from([B, T, "ECS_IMAGE_CLEANUP_INTERVAL", "ECS_WARM_POOLS_CHECK"])
FORMS: Final = {
    "linux": [
        *(
            "echo {n}=1h >> {f}",
            "echo {n}=1h",
            "export {n}=1h",
            "{n}=1h",
            "{n}=1h >> {f}",
            "echo ${n} >> {f}",
        ),
        *(
            "printf '%s=%s' {n} 1h >> {f}",
            "cat <<E >> {f}\n{n}=1h\nE",
            "cat <<E\n{n}=1h\nE",
            "cat <<E >> {f}\n{n}=1h\n E",
        ),
        *(
            "sed -i s/{n}=.*/{n}=2h/ {f}",
            "grep {n} {f}",
            "f() {{ echo {n}=1h >> {f}; }}",
            "f",
            "exit 0",
            "reboot",
        ),
        *(
            "if [ -f x ]; then echo {n}=1h >> {f}; fi",
            "if true; then",
            "fi",
            "while true; do",
            "done",
            "> {f}",
            "rm {f}",
        ),
        *(
            "(echo {n}=1h >> {f}) &",
            "bash -c 'echo {n}=1h >> {f}'",
            "eval echo {n}=1h '>>' {f}",
            "echo {n}=1h | tee -a {f}",
        ),
        *(
            "echo '{n}=1h",
            'echo "{n}"',
            "curl x | bash",
            "case x in",
            "x) echo {n};;",
            "esac",
            "aws s3 cp s3://a {f}",
        ),
    ],
    "windows": [
        *(
            "[Environment]::SetEnvironmentVariable('{n}', '1h', 'Machine')",
            "$env:{n} = '1h'",
            "setx {n} 1h /M",
        ),
        *(
            "[Environment]::SetEnvironmentVariable('{n}', '1h')",
            "$x = '{n}'",
            "Write-Host {n}",
            "Set-Item Env:{n} 1h",
        ),
        *(
            "if ($x) {{ setx {n} 1h /m }}",
            "function F {{ setx {n} 1h /m }}",
            "F",
            "exit 0",
            "Initialize-ECSAgent",
            "{{",
            "}}",
        ),
        *(
            "foreach ($i in 1..2) {{ setx {n} $i /m }}",
            "try {{ setx {n} 1h /m }} catch {{ }}",
            "while ($true) {{",
            "$(",
        ),
        *(
            "@'\n{n}\n'@",
            '"$({n})"',
            "iex 'setx {n} 1h /m'",
            "$h = @{{ {n} = '1h' }}",
            "$h.{n}",
            "'{n}' | % {{ $_ }}",
        ),
    ],
    "bottlerocket": [
        *(
            "[settings.ecs]",
            "image-pull-behavior = 'once'",
            "{n} = '1h'",
            "x = '{n}'",
            "[settings.host-containers.a]",
        ),
        *("echo {n}=1h >> {f}", "user-data = '{n}'", "[settings]", "cluster = '{n}'"),
    ],
}


@st.composite
def named_texts(draw: st.DrawFn, os: OperatingSystem) -> tuple[list[tuple[str, str]], str]:
    """Return user data, and the form and the variable of each of its lines."""
    forms = draw(st.lists(st.tuples(st.sampled_from(FORMS[os]), NAMES), min_size=1, max_size=6))
    body = "\n".join(form.format(n=name, f=F) for form, name in forms)
    whole = {"linux": f"#!/bin/bash\n{body}\n", "windows": f"<powershell>\n{body}\n</powershell>"}
    return forms, whole.get(os, f"{body}\n")
