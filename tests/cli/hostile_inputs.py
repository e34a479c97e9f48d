"""Inputs that nobody would write, kind by kind: templates, user data and contexts of less than 1 MB each."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TEMPLATES", "USER_DATA"]


def _task(**more: Any) -> dict[str, Any]:
    properties = {
        "RequiresCompatibilities": ["FARGATE"],
        "Cpu": "256",
        "Memory": "512",
        "ContainerDefinitions": [{"Name": "c", "Image": "nginx"}],
        **more,
    }
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}


def _of(image: Any = "nginx", **sections: Any) -> str:
    task = _task(ContainerDefinitions=[{"Name": "c", "Image": image}])
    return json.dumps({**sections, "Resources": {"T": task}})


def _launch(user_data: Any) -> str:
    properties = {"ImageId": "ami-1", "UserData": {"Fn::Base64": user_data}}
    resource = {"Type": "AWS::AutoScaling::LaunchConfiguration", "Properties": properties}
    return json.dumps({"Resources": {"L": resource}})


def _around(value: Any, levels: int, wrap: Callable[[Any], Any]) -> Any:
    for _ in range(levels):
        value = wrap(value)
    return value


def _property(kind: str, **properties: Any) -> str:
    return json.dumps({"Resources": {"R": {"Type": kind, "Properties": properties}}})


_YAML: Final = "Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Cpu: 256\n      Memory: 512\n      RequiresCompatibilities: [FARGATE]\n      ContainerDefinitions:\n      - Name: c\n        Image: nginx\n"
_PLAIN: Final = _of()
_EMPTY: Final[list[Any]] = [None, [], {}, 5]
_BAD_NUMBERS: Final = [
    "1e400",
    "-0",
    "-0.0",
    "NaN",
    "Infinity",
    "1e-400",
    "1" + "0" * 5000,
    "0.1e1",
    "true",
    "[]",
]
_WORDS_FOR_NUMBERS: Final = [
    "\uff11\uff10\uff12\uff14",
    "0x100",
    "1_000",
    "+256",
    " 256 ",
    "256\n",
    "२५६",
    "1e3",
    "∞",
    "²",
]
_MAP: Final = {"Fn::FindInMap": ["M", "a", "b"]}
_STARS: Final = "ecr:" + "*a" * 200 + "b"

_REPEATED: Final = {
    f"{text.strip() or ascii(text)} and on": text * (60_000 // len(text))
    for text in (
        "${",
        "$(",
        "a",
        "a=",
        " ",
        "\t",
        "{{",
        "ECS_A",
        "a.",
        "a-",
        "[",
        "'",
        '"',
        "\\",
        "<<a ",
        "#",
    )
}

TEMPLATES: Final[dict[str, dict[str, str | bytes]]] = {
    "nesting": {
        "lists": "[" * 400_000,
        "objects": '{"Resources":' * 60_000,
        "lists in a resource": '{"Resources": {"T": ' + "[" * 300_000,
        "closed": '{"a":' * 5000 + "1" + "}" * 5000,
        "mixed": '{"a":[' * 50_000,
        "YAML flow": "Resources: " + "{a: " * 50_000,
        "YAML block": "".join(" " * depth + "a:\n" for depth in range(1200)),
        "YAML lists in a line": "- " * 100_000,
        "YAML keys of keys": "? " * 100_000,
        "just below the bound": _of(_around("x", 90, lambda value: {"Fn::Join": ["", [value]]})),
        "metadata": json.dumps({"Resources": {"T": {**_task(), "Metadata": _around(1, 94, lambda value: [value])}}}),
        "a string of JSON": _property("AWS::ECR::Repository", LifecyclePolicy={"LifecyclePolicyText": "[" * 400_000}),
        "a policy of JSON": _property("AWS::ECR::Repository", RepositoryPolicyText='{"Statement":' * 60_000),
        "a state machine": _property("AWS::StepFunctions::StateMachine", DefinitionString='{"States":' * 60_000),
    },
    "YAML": {
        "duplicate keys": "Resources:\n" + "  T: {Type: AWS::ECS::Cluster}\n" * 20_000,
        "huge integers": _YAML.replace("256", "9" * 400_000),
        "a timestamp": _YAML.replace("256", "9999-99-99"),
        "a Python object": _YAML.replace("256", "!!python/object/apply:os.system [x]"),
        "a Python name": _YAML.replace("256", "!!python/name:os.system"),
        "binary": _YAML.replace("nginx", "!!binary " + "A" * 500_000),
        "a set": _YAML.replace("256", "!!set {a, b}"),
        "unknown tags": "Resources: " + "!a " * 100_000,
        "a long tag": _YAML.replace("256", f"!{'x' * 400_000} 1"),
        "a tag with a colon": _YAML.replace("256", "!Ref:x::y 1"),
        "Ref of a list": _YAML.replace("nginx", "!Ref [a, b]"),
        "GetAtt of an object": _YAML.replace("nginx", "!GetAtt {a: b}"),
        "Sub of three": _YAML.replace("nginx", "!Sub [a, {b: c}, d]"),
        "directives": "%YAML 9.9\n%TAG ! tag:x,2000:\n---\n" + _YAML,
        "a long scalar": _YAML.replace("nginx", "x" * 900_000),
        "one string in many places": "a: &a " + "x" * 300_000 + "\n" + _YAML.replace("nginx", "!Join ['', [" + "*a, " * 60_000 + "*a]]"),
        "one string in one Sub": "a: &a " + "x" * 300_000 + "\n" + _YAML.replace("nginx", "!Sub ['" + "${v}" * 60_000 + "', {v: *a}]"),
        "merges of merges": "a0: &a0 {k: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], z{n}: 1}}\n" for n in range(1, 60)) + _YAML,
        "a merge of itself": "a: &a {<<: *a}\n" + _YAML,
        "tabs": _YAML.replace("  ", "\t"),
        "carriage returns": _YAML.replace("\n", "\r"),
        "comments": "# x\n" * 200_000 + _YAML,
        "keys of other types": _YAML + "  1: {Type: x}\n  null: {Type: x}\n  true: {Type: x}\n  1.5: {Type: x}\n  2026-01-01: {Type: x}\n",
        "an empty key": _YAML + "  '': {Type: AWS::ECS::Cluster}\n",
        "an object for a key": _YAML + "  ? {a: b}\n  : {Type: x}\n",
        "anchors": "".join(f"k{n}: &a{n} 1\n" for n in range(40_000)) + _YAML,
        "aliases": "k: &a 1\nl: [" + "*a, " * 150_000 + "*a]\n" + _YAML,
        "documents": _YAML + "---\n" * 100_000,
    },
    "many": {
        "resources of one prefix": json.dumps({"Resources": {f"{'R' * 20}{n}": {"Type": "AWS::ECS::Cluster"} for n in range(15_000)}}),
        "parameters": json.dumps({"Parameters": {f"P{n}": {"Type": "String"} for n in range(25_000)}, **json.loads(_PLAIN)}),
        "mappings": json.dumps({"Mappings": {f"M{n}": {"a": {"b": "c"}} for n in range(25_000)}, **json.loads(_PLAIN)}),
        "conditions": json.dumps({"Conditions": {f"C{n}": {"Fn::Equals": ["a", "b"]} for n in range(20_000)}, **json.loads(_PLAIN)}),
        "outputs": json.dumps({"Outputs": {f"O{n}": {"Value": {"Ref": "T"}} for n in range(20_000)}, **json.loads(_PLAIN)}),
        "a key of half a megabyte": json.dumps({"Resources": {"R" * 500_000: _task()}}),
        "tags": json.dumps({"Resources": {"T": _task(Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(25_000)])}}),
        "containers of one name": json.dumps({"Resources": {"T": _task(ContainerDefinitions=[{"Name": "c", "Image": "nginx"}] * 20_000)}}),
        "secrets": json.dumps({"Resources": {"T": _task(ContainerDefinitions=[{"Name": "c", "Image": "nginx", "Secrets": [{"Name": "n", "ValueFrom": "arn:aws:ssm:x"}] * 15_000}])}}),
        "dependencies": json.dumps({"Resources": {f"T{n}": {**_task(), "DependsOn": [f"T{m}" for m in range(200)]} for n in range(200)}}),
        "suppressions": json.dumps({"Resources": {"T": {**_task(), "Metadata": {"cdk-pull": {"suppress": [{"id": "PULL302", "reason": "x"}] * 15_000}}}}}),
        "descriptions": json.dumps({"Description": "x" * 900_000, **json.loads(_PLAIN)}),
        "statements": _property("AWS::IAM::Role", Policies=[{"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}] * 10_000}}]),
    },
    "encodings": {
        "UTF-16": _PLAIN.encode("utf-16"),
        "UTF-16 without a mark": _PLAIN.encode("utf-16-le"),
        "UTF-16 big-endian": b"\xfe\xff" + _PLAIN.encode("utf-16-be"),
        "UTF-32": _PLAIN.encode("utf-32"),
        "UTF-8 with a mark": b"\xef\xbb\xbf" + _PLAIN.encode(),
        "two marks": b"\xef\xbb\xbf\xef\xbb\xbf" + _PLAIN.encode(),
        "Latin-1": _of("é").encode().replace(b"\\u00e9", b"\xe9"),
        "an overlong form": _PLAIN.encode().replace(b"nginx", b"\xc0\xaf"),
        "a surrogate as bytes": _PLAIN.encode().replace(b"nginx", b"\xed\xa0\x80"),
        "a surrogate escaped": _PLAIN.replace("nginx", "\\ud800"),
        "a surrogate in a key": _PLAIN.replace('"T"', '"T\\udfff"'),
        "a null": _PLAIN.replace("nginx", "a\0b"),
        "a null escaped": _PLAIN.replace("nginx", "a\\u0000b"),
        "a null in YAML": _YAML.replace("nginx", '"a\\0b"'),
        "separators": _YAML.replace("nginx", "a\u2028b\x85c"),
        "turned": _YAML.replace("nginx", "\u202enginx"),
        "an invalid byte": _PLAIN.encode() + b"\xff",
        "gzip": gzip.compress(_PLAIN.encode()),
    },
    "numbers": {
        **{f"cpu {text[:9]}": _PLAIN.replace('"256"', text) for text in _BAD_NUMBERS},
        **{f"memory {text[:9]}": _PLAIN.replace('"512"', text) for text in _BAD_NUMBERS},
        **{f"cpu '{text.strip()}'": json.dumps({"Resources": {"T": _task(Cpu=text, Memory=text)}}) for text in _WORDS_FOR_NUMBERS},
        **{f"storage {text[:9]}": json.dumps({"Resources": {"T": _task(EphemeralStorage={"SizeInGiB": "N"})}}).replace('"N"', text) for text in _BAD_NUMBERS},
        **{f"volume {text[:9]}": _property("AWS::EC2::LaunchTemplate", LaunchTemplateData={"UserData": {"Fn::Base64": "#!/bin/bash\necho ECS_CLUSTER=a >> /etc/ecs/ecs.config\n"}, "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": "N"}}]}).replace('"N"', text) for text in _BAD_NUMBERS},
        **{f"port {text[:9]}": _property("AWS::EC2::SecurityGroup", SecurityGroupEgress=[{"IpProtocol": "tcp", "FromPort": "N", "ToPort": "N", "CidrIp": "0.0.0.0/0"}]).replace('"N"', text) for text in _BAD_NUMBERS},
    },
    "functions": {
        "Sub within Sub": _of(_around("x", 40, lambda value: {"Fn::Sub": ["${a}${a}", {"a": value}]})),
        "Sub of its own variable": _of({"Fn::Sub": ["${a}", {"a": {"Fn::Sub": "${a}"}}]}),
        "Sub of many": _of({"Fn::Sub": "${AWS::Region}" * 60_000}),
        "Sub that never closes": _of({"Fn::Sub": "${" * 300_000}),
        "Sub of escapes": _of({"Fn::Sub": "${!" * 250_000}),
        "Sub of a long name": _of({"Fn::Sub": "${" + "a." * 300_000 + "}"}),
        "a chain of maps": _of({"Fn::FindInMap": ["M", "a0", "b"]}, Mappings={"M": {f"a{n}": {"b": {"Fn::FindInMap": ["M", f"a{n + 1}", "b"]}} for n in range(5000)}}),
        "a map for a map's name": _of(_around("a", 90, lambda value: {"Fn::FindInMap": ["M", value, "b"]}), Mappings={"M": {"a": {"b": "a"}}}),
        "a map of itself": _of({"Fn::Join": ["", _MAP]}, Mappings={"M": {"a": {"b": [_MAP] * 50}}}),
        "an include": _of({"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}}),
        "includes everywhere": json.dumps({"Fn::Transform": {"Name": "AWS::Include"}, "Resources": {"Fn::Transform": {"Name": "AWS::Include"}, "T": {"Fn::Transform": {}}}}),
        "macros": json.dumps({"Transform": ["M"] * 50_000, "Resources": {"T": _task()}}),
        "a macro of a function": json.dumps({"Transform": {"Name": {"Ref": "T"}}, "Resources": {"T": _task()}}),
        "loops of loops": json.dumps({"Transform": "AWS::LanguageExtensions", "Resources": {"Fn::ForEach::A": ["X", [str(n) for n in range(2000)], {"Fn::ForEach::B": ["Y", [str(n) for n in range(2000)], {"T${X}${Y}": _task()}]}]}}),
        "conditions in a circle": json.dumps({"Conditions": {"A": {"Condition": "B"}, "B": {"Fn::Not": [{"Condition": "A"}]}}, "Resources": {"T": {**_task(), "Condition": "A"}}}),
        "choices of choices": _of(_around("x", 14, lambda value: {"Fn::If": ["U", value, value]}), Conditions={"U": {"Fn::Equals": [{"Ref": "P"}, "a"]}}, Parameters={"P": {"Type": "String"}}),
        "a choice of unknown choices": _of({"Fn::Join": ["", [{"Fn::If": [f"C{n}", "a", "b"]} for n in range(60)]]}, Conditions={f"C{n}": {"Fn::Equals": [{"Ref": "P"}, str(n)]} for n in range(60)}, Parameters={"P": {"Type": "String"}}),
        "a select out of range": _of({"Fn::Select": [10**30, ["a"]]}),
        "a select below zero": _of({"Fn::Select": ["-1", ["a"]]}),
        "a split by nothing": _of({"Fn::Select": [0, {"Fn::Split": ["", "x" * 100_000]}]}),
        "a huge Cidr": _of({"Fn::Select": [0, {"Fn::Cidr": ["0.0.0.0/0", 10**9, 0]}]}),
        "base64 of base64": _launch(_around("x", 60, lambda value: {"Fn::Base64": value})),
        "a join by a megabyte": _of({"Fn::Join": ["x" * 400_000, ["a"] * 50_000]}),
        "functions in a circle": json.dumps({"Resources": {"T": _task(ContainerDefinitions={"Fn::GetAtt": ["T", "ContainerDefinitions"]})}}),
        "two functions in one": _of({"Fn::Sub": "a", "Fn::Join": ["", ["b"]]}),
        "no arguments": _of([{name: value} for name in ("Ref", "Fn::Sub", "Fn::Join", "Fn::GetAtt", "Fn::If", "Fn::Select", "Fn::Split") for value in _EMPTY]),
        "a value of resolve": _of("{{resolve:" * 80_000),
    },
    "patterns": {
        "stars in an action": _property("AWS::IAM::Role", AssumeRolePolicyDocument={"Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}, Policies=[{"PolicyName": "p", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": _STARS, "Resource": "arn:" + "*a" * 2000}] * 40}}]),
        "stars in an image": _of("*" * 100_000),
        "slashes in an image": _of("a/" * 200_000 + "b"),
        "colons in an image": _of("a:" * 200_000),
        "dots in a host": _of("a." * 200_000 + "com/x"),
        "a host of Amazon ECR that goes on": _of("1" * 400_000 + ".dkr.ecr.eu-west-1.amazonaws.com/a"),
        "a digest that goes on": _of("a@sha256:" + "0" * 500_000),
        "a rule of a lifecycle": _property("AWS::ECR::Repository", LifecyclePolicy={"LifecyclePolicyText": json.dumps({"rules": [{"rulePriority": n, "selection": {"tagStatus": "tagged", "tagPatternList": ["*a" * 100], "countType": "imageCountMoreThan", "countNumber": 10**30}, "action": {"type": "expire"}} for n in range(500)]})}),
        "a prefix of a cache": _property("AWS::ECR::PullThroughCacheRule", EcrRepositoryPrefix="a/" * 100_000, UpstreamRegistryUrl="x." * 100_000),
        "networks": _property("AWS::EC2::SecurityGroup", SecurityGroupEgress=[{"IpProtocol": "-1", "CidrIp": text} for text in ("0.0.0.0/99", "::/999", "1" * 100_000, "10.0.0.0/-1", "/", "::ffff:0:0/0", "0.0.0.0/00", "é/8")]),
        "a route of everything": json.dumps({"Resources": {f"R{n}": {"Type": "AWS::EC2::Route", "Properties": {"RouteTableId": {"Ref": f"R{(n + 1) % 2000}"}, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": {"Ref": f"R{n}"}}} for n in range(2000)}}),
        "a name of a service": _property("AWS::EC2::VPCEndpoint", ServiceName="com.amazonaws." * 40_000, VpcEndpointType="Interface"),
        **{f"user data of {name}": _launch({"Fn::Sub": f"#!/bin/bash\n{text}"}) for name, text in _REPEATED.items()},
        "an AMI": _launch("#!/bin/bash\n").replace('"ami-1"', json.dumps("{{resolve:ssm:" + "/a" * 100_000 + "}}")),
    },
}  # fmt: skip

_CONFIG: Final = " >> /etc/ecs/ecs.config\n"
_BOMB: Final = base64.b64encode(gzip.compress(bytes(64 << 20), 9)).decode()

USER_DATA: Final[dict[str, dict[str, str]]] = {
    "bash": {
        **{name: f"#!/bin/bash\necho ECS_CLUSTER=a{_CONFIG}{text}\n" for name, text in _REPEATED.items()},
        "a long line": "#!/bin/bash\necho " + "x" * 50_000 + _CONFIG,
        "nulls": "#!/bin/bash\n\0\0\0echo ECS_CLUSTER=a" + _CONFIG,
        "a document without an end": "#!/bin/bash\ncat <<EOF > /etc/ecs/ecs.config\nECS_CLUSTER=a\n",
        "documents in documents": "#!/bin/bash\n" + "".join(f"cat <<E{n}\n" for n in range(2000)),
        "substitutions": "#!/bin/bash\nx=" + "$(" * 3000 + "echo a" + ")" * 3000,
        "expansions": "#!/bin/bash\nx=" + "${a:-" * 3000 + "}" * 3000,
        "quotes": "#!/bin/bash\necho '" * 5000,
        "subshells": "#!/bin/bash\n" + "(" * 5000 + ":" + ")" * 5000,
        "a function of itself": "#!/bin/bash\nf() { f; f; }\nf\necho ECS_CLUSTER=a" + _CONFIG,
        "functions of functions": "#!/bin/bash\n" + "".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }}\n" for n in range(60)) + f"f60() {{ echo ECS_A=b{_CONFIG}}}\nf0\n",
        "a string that doubles": "#!/bin/bash\nx=aaaaaaaa\n" + 'x="$x$x"\n' * 60 + 'echo "ECS_CLUSTER=$x"' + _CONFIG,
        "braces": "#!/bin/bash\necho ECS_CLUSTER={1..1000000000}" + _CONFIG,
        "braces of braces": "#!/bin/bash\necho " + "{a,b}" * 40 + _CONFIG,
        "powers": "#!/bin/bash\nx=$((9**9**9))\necho ECS_CLUSTER=$x" + _CONFIG,
        "shifts": "#!/bin/bash\necho ECS_CLUSTER=$((1<<1000000000))" + _CONFIG,
        "a width": "#!/bin/bash\nprintf '%1000000000d' 1" + _CONFIG,
        "a loop": "#!/bin/bash\nfor ((i=0; i<1000000000; i++)); do echo ECS_A=$i" + _CONFIG + "done\n",
        "loops in loops": "#!/bin/bash\n" + "for i in 1 2 3 4 5 6 7 8 9; do\n" * 20 + "echo ECS_A=b" + _CONFIG + "done\n" * 20,
        "a while": "#!/bin/bash\nwhile true; do echo ECS_A=b" + _CONFIG + "done\n",
        "seq": "#!/bin/bash\nfor i in $(seq 1 1000000000); do :; done\n",
        "choices": "#!/bin/bash\n" + "".join(f"[ -f /x{n} ] && echo ECS_A={n}{_CONFIG}" for n in range(500)),
        "cases": "#!/bin/bash\ncase $x in\n" + "".join(f"*{n}*) echo ECS_A={n}{_CONFIG} ;;\n" for n in range(500)) + "esac\n",
        "a pattern": "#!/bin/bash\nx=" + "a" * 5000 + "\necho ECS_A=${x//" + "*a" * 50 + "/b}" + _CONFIG,
        "sed": "#!/bin/bash\necho ECS_A=b" + _CONFIG + "sed -i 's/\\(a*\\)*b/x/' /etc/ecs/ecs.config\n" * 200,
        "eval": "#!/bin/bash\n" + "eval " * 3000 + "echo a\n",
        "a script that writes itself": "#!/bin/bash\ncat <<'EOF' > /x.sh\nbash /x.sh\nbash /x.sh\nEOF\nbash /x.sh\n",
        "arrays": "#!/bin/bash\na=(" + "x " * 20_000 + ")\na[999999999999]=1\necho ECS_A=${a[@]}" + _CONFIG,
        "indirections": "#!/bin/bash\na=b; b=a\necho ECS_A=${!a}${!b}" + _CONFIG,
        "comments": "#!/bin/bash\n" + "# ECS_CLUSTER=a >> /etc/ecs/ecs.config\n" * 1500,
        "exports": "#!/bin/bash\n" + "".join(f"export V{n}=$V{n - 1}$V{n - 1}\n" for n in range(1, 2000)),
    },
    "cloud-init": {
        **{name: f"#cloud-config\nruncmd:\n- echo ECS_CLUSTER=a\n{text}\n" for name, text in _REPEATED.items()},
        "a bomb of gzip": f"#cloud-config\nwrite_files:\n- path: /etc/ecs/ecs.config\n  encoding: gz+b64\n  content: {_BOMB[:60_000]}\n",
        "gzip of gzip": "#cloud-config\nwrite_files:\n- {path: /etc/ecs/ecs.config, encoding: gz+b64, content: " + base64.b64encode(_around(b"ECS_CLUSTER=a", 200, gzip.compress)).decode() + "}\n",
        "one file named many times": "#cloud-config\nwrite_files:\n" + "- {path: /etc/ecs/ecs.config, content: ECS_CLUSTER=a, append: true}\n" * 800,
        "parts in parts": "".join(f'Content-Type: multipart/mixed; boundary="B{n}"\n\n--B{n}\n' for n in range(600)),
        "many parts": 'Content-Type: multipart/mixed; boundary="B"\n\n' + "--B\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n:\n" * 900 + "--B--\n",
        "a boundary of nothing": 'Content-Type: multipart/mixed; boundary=""\n\n--\n\n--\n\n',
        "a boundary that goes on": f'Content-Type: multipart/mixed; boundary="{"B" * 40_000}"\n\n--x\n',
        "headers": 'Content-Type: multipart/mixed; boundary="B"\n' + "X: y\n" * 9000 + "\n--B\n\n--B--\n",
        "an unknown charset": 'Content-Type: multipart/mixed; boundary="B"\n\n--B\nContent-Type: text/x-shellscript; charset="no-such"\nContent-Transfer-Encoding: base64\n\n//8=\n--B--\n',
        "an encoding of nobody": 'Content-Type: multipart/mixed; boundary="B"\n\n--B\nContent-Type: text/x-shellscript\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n`\nend\n--B--\n',
        "an archive of archives": "#cloud-config-archive\n" + "- |\n  #cloud-config-archive\n  - |\n    #cloud-config-archive\n" * 500,
        "an archive of itself": "#cloud-config-archive\n- &a {type: text/cloud-config-archive, content: *a}\n",
        "a template": "## template: jinja\n#cloud-config\nruncmd:\n- echo " + "{{ a }}" * 5000 + "\n",
        "a template that never closes": "## template: jinja\n#!/bin/bash\n" + "{{ " * 10_000,
        "an include": "#include\n" + "http://169.254.169.254/\n" * 2000,
    },
    "Windows": {
        **{name: f"<powershell>\n{text}\n</powershell>" for name, text in _REPEATED.items()},
        "blocks": "<powershell>\n" + "if ($x) {" * 2000 + "}" * 2000 + "\n</powershell>",
        "parentheses": "<powershell>\n$x = " + "(" * 3000 + ")" * 3000 + "\n</powershell>",
        "a string that grows": "<powershell>\n$x = 'aaaaaaaa'\n" + "$x = $x + $x\n" * 60 + "Initialize-ECSAgent -Cluster $x\n</powershell>",
        "a string times": "<powershell>\n$x = 'a' * 1000000000\nInitialize-ECSAgent -Cluster $x\n</powershell>",
        "a range": "<powershell>\nforeach ($i in 1..1000000000) { Initialize-ECSAgent -Cluster $i }\n</powershell>",
        "a function of itself": "<powershell>\nfunction F { F; F }\nF\n</powershell>",
        "a loop": "<powershell>\nwhile ($true) { [Environment]::SetEnvironmentVariable('ECS_A', 'b', 'Machine') }\n</powershell>",
        "a replacement": "<powershell>\n$x = ('a' * 30) -replace '(a+)+b', 'c'\nInitialize-ECSAgent -Cluster $x\n</powershell>",
        "a format": "<powershell>\n$x = '{0,1000000000}' -f 'a'\nInitialize-ECSAgent -Cluster $x\n</powershell>",
        "documents": "<powershell>\n" + "@'\n" * 5000 + "</powershell>",
        "tags": "<powershell>" * 4000,
        "subexpressions": '<powershell>\n$x = "' + "$(" * 3000 + '"\n</powershell>',
        "tasks": "version: 1.1\ntasks:\n" + "- task: executeScript\n  inputs:\n  - {frequency: once, type: powershell, runAs: admin, content: x}\n" * 500,
        "tasks of aliases": "version: 1.1\ntasks:\n- &a {task: executeScript, inputs: [*a]}\n",
    },
    "Bottlerocket": {
        **{name: f"[settings.ecs]\n{text}\n" for name, text in _REPEATED.items()},
        "tables in tables": "[" + "a." * 20_000 + "a]\nb = 1\n",
        "lists in lists": "a = " + "[" * 20_000,
        "inline tables": "a = " + "{b = " * 10_000,
        "one table many times": "[settings.ecs]\n" * 4000,
        "a huge number": "[settings.ecs]\nimage-cleanup-age = " + "9" * 30_000 + "\n",
        "not a number": "[settings.ecs]\nmetadata-service-rps = nan\nimage-pull-behavior = inf\n",
        "a date": "[settings.ecs]\ncluster = 9999-99-99\n",
        "a string without an end": '[settings.ecs]\ncluster = """' + "x" * 30_000,
        "escapes": '[settings.ecs]\ncluster = "\\ud800"\n',
        "keys": "".join(f"k{n} = 1\n" for n in range(5000)),
        "dotted keys": "".join(f"{'a.' * 50}k{n} = 1\n" for n in range(500)),
    },
}  # fmt: skip
