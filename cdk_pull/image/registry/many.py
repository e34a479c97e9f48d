"""Looks many images up at once; one that fails does not lose the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cdk_pull.image.registry.client import RegistryClient
from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cdk_pull.image.facts import ImageFacts
    from cdk_pull.image.platform import Platform
    from cdk_pull.image.reference import ImageReference

__all__ = ["LookUp", "look_up_all"]


@dataclass(frozen=True, slots=True)
class LookUp:
    """One image of many: what was asked, and the facts or the error.

    Attributes:
        reference: of the image.
        platform: that was asked for, or None.
        facts: None if the look-up failed.
        error: None if it did not.
    """

    reference: ImageReference
    platform: Platform | None
    facts: ImageFacts | None = None
    error: RegistryError | None = None


def look_up_all(
    images: Sequence[tuple[ImageReference, Platform | None]],
    client: Callable[[], RegistryClient] = RegistryClient,
    *,
    at_once: int = 32,
    progress: Callable[[LookUp], None] = lambda _: None,
) -> list[LookUp]:
    """Return a result for each image, in the order given; an image given twice is looked up once.

    Args:
        images: each with the requested platform, or None for the usual one.
        client: makes the client, which one event loop owns.
        at_once: images under way at the same time.
        progress: called when an image is done.
    """
    return asyncio.run(_look_up_all(images, client, at_once, progress))


async def _look_up_all(
    images: Sequence[tuple[ImageReference, Platform | None]],
    make_client: Callable[[], RegistryClient],
    at_once: int,
    progress: Callable[[LookUp], None],
) -> list[LookUp]:
    places = asyncio.Semaphore(at_once)
    async with make_client() as client:
        run_seconds = client.limits.run_seconds
        ends = asyncio.get_running_loop().time() + run_seconds

        async def one(reference: ImageReference, platform: Platform | None) -> LookUp:
            try:
                async with asyncio.timeout_at(ends), places:
                    done = LookUp(reference, platform, facts=await client.look_up(reference, platform))
            except RegistryError as error:
                done = LookUp(reference, platform, error=error)
            except TimeoutError:
                message = f"{reference} was not read within the {run_seconds:g} s of this run; raise the limit with --timeout"
                done = LookUp(reference, platform, error=RegistryError(Problem.TIMEOUT, message))
            except Exception as error:  # noqa: BLE001 - whatever one image's registry answers, the others are kept
                message = f"{reference} cannot be read: unexpected {type(error).__name__}; report it to cdk-pull with the name of the image"
                done = LookUp(reference, platform, error=RegistryError(Problem.PROTOCOL, message))
            progress(done)
            return done

        once = dict.fromkeys(images)
        results = await asyncio.gather(*(one(*image) for image in once))
    found = dict(zip(once, results, strict=True))
    return [found[image] for image in images]
