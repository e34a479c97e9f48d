"""The IAM roles of tasks and instances, with every policy that the templates attach to them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.iam.policy import Decision, Policy, Request, aws_managed_policy, decide, read_policy
from cdk_pull.records import dataclass, field
from cdk_pull.shapes import as_object
from cdk_pull.template.text import pseudo, to_text
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.iam.text import Text
    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.model import Resource
    from cdk_pull.template.outsiders import Outsiders

__all__ = ["Role", "Roles"]

_ROLE: Final = "AWS::IAM::Role"
_MANAGED: Final = "AWS::IAM::ManagedPolicy"
_ATTACHED: Final = {
    "AWS::IAM::Policy": "Roles",
    _MANAGED: "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
}
"""What attaches a policy to roles, and the property that names them."""
_BY_AWS: Final = ":iam::aws:policy/"
_TASKS: Final = "ecs-tasks."
_INSTANCES: Final = "ec2."


@dataclass(eq=False)
class Role:
    """A role of the templates.

    Attributes:
        resource: where it stands.
        policies: what is attached to it, inline and managed.
        boundary: its permissions boundary.
    """

    resource: Resource
    policies: tuple[Policy, ...]
    boundary: Policy | None = None
    _known: dict[tuple[str, tuple[Text, ...]], Decision] = field(default_factory=dict, repr=False)

    def decide(self, action: str, resources: tuple[Text, ...]) -> Decision:
        """Return whether its policies allow an action on a resource, in any of the resource's spellings."""
        known = self._known.get((action, resources))
        if known is None:
            context = self.resource.template.context
            said: dict[str, Text] = {
                "aws:securetransport": ("true",),
                "aws:requestedregion": pseudo(context, "Region"),
                "aws:principalaccount": pseudo(context, "AccountId"),
            }
            request = Request(action=action, resources=resources, context=said)
            known = self._known[action, resources] = decide(request, self.policies, self.boundary)
        return known

    @property
    def trusts_tasks(self) -> bool | None:
        """Whether Amazon ECS tasks may assume it; None where that is not known."""
        return self.trusts(_TASKS)

    @property
    def trusts_instances(self) -> bool | None:
        """Whether Amazon EC2 may assume it for instances; None where that is not known."""
        return self.trusts(_INSTANCES)

    def trusts(self, service: str) -> bool | None:
        """Tell whether a service, by how its principal begins, may assume it; None where that is not known."""
        document = self.resource.values.get("AssumeRolePolicyDocument")
        statements = as_object(document).get("Statement")
        listed = [statements] if isinstance(statements, dict) else statements
        if not isinstance(listed, list) or not listed:
            return None
        answers = [_trusts(each, service) for each in listed]
        return True if True in answers else None if None in answers else False


def _trusts(statement: Any, service: str) -> bool | None:
    principal = as_object(statement).get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, dict) or statement.get("Effect") != "Allow":
        return None
    named = principal.get("Service", [])
    services = named if isinstance(named, list) else [named]
    # Parts of a service's name, such as the suffix of its domain, are the partition's.
    if any(str(each).startswith(service) for each in services):
        return True
    return (
        None if any(isinstance(each, Unknown) and str(each).startswith("$") for each in services) else False
    )


class Roles:
    """The roles of an assembly."""

    def __init__(self, assembly: Assembly, outsiders: Outsiders) -> None:
        self._assembly = assembly
        self._outsiders = outsiders
        self._made: dict[tuple[str, str], Role] = {}

    def of(self, value: Any, user: Resource) -> Role | str:
        """Return the role of an ARN or a name; why it is not known, where it is not in the templates."""
        resource = self._resource(value, user)
        if resource is None:
            unnamed = isinstance(value, Unknown) and not value.is_named
            return value.reason if unnamed else f"role {value} is not in these templates"
        if resource.type != _ROLE:
            return f"{resource.logical_id} is not an IAM role"
        key = resource.template.key, resource.logical_id
        if key not in self._made:
            self._made[key] = self._role(resource)
        return self._made[key]

    def of_instances(self, capacity: Capacity) -> Role | str:
        """Return the role of the instances of a capacity; why it is not known, where it is not."""
        stated = capacity.settings.get("IamInstanceProfile")
        named = stated.get("Arn", stated.get("Name")) if isinstance(stated, dict) else stated
        if named is None:
            return f"{capacity.resource.logical_id} names no instance profile"
        profile = self._assembly.find(named)
        if profile is None or profile.type != "AWS::IAM::InstanceProfile":
            return f"instance profile {named} is not in these templates"
        roles = profile.values.get("Roles")
        if not isinstance(roles, list) or len(roles) != 1:
            return f"the role of instance profile {profile.logical_id} is not known"
        return self.of(roles[0], profile)

    def _resource(self, value: Any, user: Resource) -> Resource | None:
        found = self._assembly.find(value)
        if found is not None:
            return found
        if not isinstance(value, str | Unknown):
            return None
        name = str(value).rpartition("/")[2]
        return self._named.get((user.template.context.environment.account, name))

    @cached_property
    def _named(self) -> dict[tuple[str | None, str], Resource]:
        return {
            (resource.template.context.environment.account, name): resource
            for template in self._assembly.templates
            for resource in template.of_type(_ROLE)
            if isinstance(name := resource.values.get("RoleName"), str)
        }

    @cached_property
    def _attached(self) -> dict[tuple[str, str], list[Resource]]:
        """The policies that name their roles, by role."""
        found: dict[tuple[str, str], list[Resource]] = {}
        for template in self._assembly.templates:
            for kind, key in _ATTACHED.items():
                for policy in template.of_type(kind):
                    named = policy.values.get(key, [])
                    for value in named if isinstance(named, list) else [named]:
                        role = self._resource(value, policy)
                        if role is not None:
                            found.setdefault((role.template.key, role.logical_id), []).append(policy)
        return found

    def _role(self, resource: Resource) -> Role:
        stated = resource.values.get("PermissionsBoundary")
        boundary = None if stated is None else self._managed(stated)
        return Role(resource, tuple(self._policies(resource)), boundary)

    def _policies(self, resource: Resource) -> Iterator[Policy]:
        inline = resource.values.get("Policies", [])
        if isinstance(inline, list):
            for index, each in enumerate(inline):
                values = as_object(each)
                name = f"policy {values.get('PolicyName', index)} of {resource.logical_id}"
                yield read_policy(name, values.get("PolicyDocument"), self._read)
        else:
            yield _unclear(resource, "Policies")
        managed = resource.values.get("ManagedPolicyArns", [])
        if isinstance(managed, list):
            yield from map(self._managed, managed)
        else:
            yield _unclear(resource, "ManagedPolicyArns")
        for policy in self._attached.get((resource.template.key, resource.logical_id), ()):
            yield self._document(policy)
        outsider = self._outsiders.on(resource)
        if outsider:
            yield Policy(name=outsider, unclear=f"{outsider} is given the role and may add to it")
        if not resource.is_whole:
            yield Policy(name="a macro", unclear=f"a macro of the template may change {resource.logical_id}")

    def _managed(self, value: Any) -> Policy:
        """Return a managed policy by its ARN."""
        found = self._assembly.find(value)
        if found is not None and found.type == _MANAGED:
            return self._document(found)
        _, is_by_aws, name = str(value).partition(_BY_AWS)
        if is_by_aws and "${" not in name:
            return aws_managed_policy(name)
        return Policy(name=str(value), unclear=f"managed policy {value} is not in these templates")

    def _document(self, policy: Resource) -> Policy:
        return read_policy(f"policy {policy.logical_id}", policy.values.get("PolicyDocument"), self._read)

    def _read(self, value: Any) -> Text | None:
        return to_text(value, self._assembly)


def _unclear(resource: Resource, key: str) -> Policy:
    return Policy(name=resource.logical_id, unclear=f"{key} of {resource.logical_id} are not known")
