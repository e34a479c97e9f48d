from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.templated import language_of, read_template, system_of

B = "ECS_IMAGE_PULL_BEHAVIOR"
I = "ECS_IMAGE_CLEANUP_INTERVAL"  # noqa: E741 - as short as the other one
F = "/etc/ecs/ecs.config"
BASH = "#!/bin/bash\n"


@pytest.mark.parametrize(
    ("text", "name", "language"),
    [
        (f"echo {B}=${{mode}} >> {F}", "user-data.sh.tpl", "Terraform"),
        (f"echo {B}=${{mode}} >> {F}", "a/b/init.tftpl", "Terraform"),
        ('%{ if memory != "" ~}\nls\n%{ endif ~}', "user-data.sh", "Terraform"),
        ('OPTIONS="$${OPTIONS} -x"', "", "Terraform"),
        ("%{~ for x in xs ~}", "-", "Terraform"),
        ("echo {{ mode }}", "user-data.sh.j2", "Jinja"),
        ("{% if x %}\nls\n{% endif %}", "user-data.sh", "Jinja"),
        # Look-alikes.
        (f"{BASH}echo ${{MODE}} ${{X%y}} ${{#X}}", "user-data.sh", None),
        (f"{BASH}docker ps --format '{{{{.ID}}}}'", "user-data.sh", None),
        (f"{BASH}date +%{{x}}; printf '%%{{'", "", None),
        ("## template: jinja\n#cloud-config\n{% if x %}\n{% endif %}", "user-data.yml", None),
        (f"{BASH}ls", "", None),
        ("[settings.ecs]\n", "settings.toml", None),
    ],
)
def test_what_is_a_template(text: str, name: str, language: str | None) -> None:
    """A template is known by what only a template has, or by the file's ending; a script is none."""
    found = language_of(text, name)
    assert (found.name if found is not None else None) == language


@pytest.mark.parametrize(
    ("body", "name", "settings", "unknown"),
    [
        (f"echo {B}=${{mode}} >> {F}", "a.tpl", {}, [(B, 2, "${mode} is filled in by Terraform")]),
        (
            f"echo '{B}='${{var.modes[\"x\"]}}'' >> {F}",
            "a.tpl",
            {},
            [(B, 2, '${var.modes["x"]} is filled in by Terraform')],
        ),
        (
            f"cat <<EOF >> {F}\n{B}=${{mode}}\n{I}=1h\nEOF",
            "a.tpl",
            {I: "1h"},
            [(B, 3, "${mode} is filled in by Terraform")],
        ),
        (f"M=once\necho {B}=$${{M}} >> {F}", "a.tpl", {B: "once"}, []),
        (
            f"%{{ if cached ~}}\necho {B}=once >> {F}\n%{{ endif ~}}",
            "",
            {},
            [(B, 3, "Terraform decides whether the line is there")],
        ),
        (
            f"cat <<EOF >> {F}\n%{{ if cached }}\n{B}=once\n%{{ else }}\n{B}=always\n%{{ endif }}\n{I}=1h\nEOF",
            "",
            {I: "1h"},
            [(B, 6, "Terraform decides whether the line is there")],
        ),
        (
            f"echo {B}=%{{ if cached }}once%{{ else }}always%{{ endif }} >> {F}",
            "",
            {},
            [(B, 2, "%{ if cached }once%{ else }always%{ endif } is filled in by Terraform")],
        ),
        (
            f"%{{ for c in clusters ~}}\necho x\n%{{ endfor ~}}\necho {B}=once >> {F}",
            "",
            {B: "once"},
            [],
        ),
        (f"echo {B}={{{{ mode }}}} >> {F}", "a.j2", {}, [(B, 2, "{{ mode }} is filled in by Jinja")]),
        (
            f"{{% if cached %}}\necho {B}=once >> {F}\n{{% endif %}}\necho {I}=1h >> {F}",
            "",
            {I: "1h"},
            [(B, 3, "Jinja decides whether the line is there")],
        ),
    ],
)
def test_what_a_template_sets(
    body: str, name: str, settings: dict[str, str], unknown: list[tuple[str, int, str]]
) -> None:
    """What a template fills in or decides is unknown, by its name; what stands in it is known."""
    text = f"{BASH}{body}\n"
    language = language_of(text, name)
    assert language is not None
    assert system_of(text, language) == "linux"
    reading = read_template(text, language, "linux")
    assert dict(reading.settings) == settings
    assert [(each.variable, each.line, each.reason) for each in reading.unknown] == unknown
    assert [each.code for each in reading.warnings if each.code not in {"two-values", "glued-line"}] == []


@given(st.text(alphabet="${}%{ifendor}~#\n =x\ufdd0\ufdd1", max_size=60), st.sampled_from(["a.tpl", "a.j2"]))
def test_any_text(text: str, name: str) -> None:
    """No template makes it fail."""
    language = language_of(text, name)
    assert language is not None
    assert B in read_template(text, language, "linux").effective
