"""The first fuzzer's inputs: valid ones, from the fixtures, that were cut into."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tests.rules.mutator import CUTS, LINES, TEXTS, mutant, mutate, mutate_lines, mutated_text

if TYPE_CHECKING:
    import random

__all__ = ["Mutated"]

_USER_DATA: Final = [
    "#!/bin/bash\necho ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config\necho ECS_CLUSTER=a >> /etc/ecs/ecs.config\n",
    "#!/bin/bash\ncat <<'EOF' > /etc/ecs/ecs.config\nECS_CLUSTER=a\nECS_IMAGE_CLEANUP_INTERVAL=30m\nEOF\ndocker pull x\n",
    "#cloud-config\nwrite_files:\n- path: /etc/ecs/ecs.config\n  content: |\n    ECS_CLUSTER=a\nruncmd:\n- [sh, -c, x]\n",
    "<powershell>\n[Environment]::SetEnvironmentVariable('ECS_CLUSTER', 'a', 'Machine')\nInitialize-ECSAgent -Cluster a\n</powershell>\n",
    '[settings.ecs]\ncluster = "a"\nimage-pull-behavior = "once"\n',
    'Content-Type: multipart/mixed; boundary="B"\nMIME-Version: 1.0\n\n--B\nContent-Type: text/x-shellscript\n\n#!/bin/sh\necho a\n--B--\n',
]
_REFERENCES: Final = [
    "nginx",
    "nginx:1.27@sha256:" + "0" * 64,
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a/b:1.0.0",
    "public.ecr.aws/docker/library/redis:7",
    "localhost:5000/x",
]
_SIZES: Final = ["800MB", "2.4GB", "1GiB", "1024", "1 vCPU", "60s", "1.5m"]
_DIGEST: Final = "sha256:" + "0" * 64
_LAYER: Final = {
    "compressedBytes": 1000,
    "compression": "gzip",
    "digest": _DIGEST,
    "uncompressedBytes": 3000,
    "uncompressedSource": "measured",
}
_FACTS: Final = {
    "architecture": "amd64",
    "digest": _DIGEST,
    "layers": [_LAYER, _LAYER],
    "lookedUp": "2026-09-20",
    "manifestDigest": _DIGEST,
    "os": "linux",
}


class Mutated:
    """Inputs of every kind, cut out of valid ones.

    Args:
        rng: decides; one seed gives one input.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def document(self) -> Any:
        """Return a template."""
        return mutant(self.rng.getrandbits(40))

    def text(self) -> bytes:
        """Return the file of a template."""
        return mutated_text(self.rng.getrandbits(40))

    def user_data(self) -> str:
        """Return user data of any kind."""
        text = self.rng.choice(_USER_DATA)
        for _ in range(self.rng.randint(1, 4)):
            text = self.cut(text) if self.rng.random() < 0.4 else mutate_lines(text, self.rng)
        return text

    def cut(self, text: str) -> str:
        """Return a text with something put in the place of a part of it."""
        at = self.rng.randrange(len(text) + 1)
        other = self.rng.choice([*CUTS, self.rng.choice(TEXTS)[:200], self.rng.choice(LINES)])
        return text[:at] + other + text[at + self.rng.randrange(4) :]

    def reference(self) -> str:
        """Return what was the name of an image."""
        text = self.rng.choice(_REFERENCES)
        for _ in range(self.rng.randint(0, 3)):
            text = self.cut(text)
        return text

    def size(self) -> str:
        """Return what was a size, a number or a duration."""
        text = self.rng.choice(_SIZES)
        return self.cut(text) if self.rng.random() < 0.7 else text

    def context(self) -> bytes:
        """Return what was a cdk.context.json."""
        keys = [f"cdk-pull:image:platform=linux/amd64:ref={each.replace(':', '$:')}" for each in _REFERENCES]
        return self._file(dict.fromkeys(keys, _FACTS))

    def facts(self) -> bytes:
        """Return what was a file of image facts."""
        fact = {"compressed": "70MB", "uncompressed": "190MB", "compression": "gzip"}
        return self._file({"images": dict.fromkeys(_REFERENCES, fact)})

    def _file(self, document: Any) -> bytes:
        document = json.loads(json.dumps(document))
        for _ in range(self.rng.randint(0, 4)):
            mutate(document, self.rng)
        text = json.dumps(document)
        return (self.cut(text) if self.rng.random() < 0.2 else text).encode("utf-8", "surrogatepass")
