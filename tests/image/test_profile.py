from __future__ import annotations

from cdk_pull.image.profile import ImageProfile, Layer

DIGEST = "sha256:" + "a" * 64


def test_a_layer_that_two_images_share_travels_once() -> None:
    """Layers of one digest and size are one."""
    image = ImageProfile(layers=(Layer(compressed_bytes=5, digest=DIGEST),))
    assert ImageProfile.together([image, image]).compressed_bytes == 5


def test_an_image_cannot_falsify_the_layer_of_another() -> None:
    """A layer of the same digest and another size counts beside the true one, whichever image comes first."""
    true, false = (
        ImageProfile(layers=(Layer(compressed_bytes=size, digest=DIGEST),)) for size in (800_000_000, 1)
    )
    assert ImageProfile.together([false, true]).compressed_bytes == 800_000_001
    assert ImageProfile.together([true, false]).compressed_bytes == 800_000_001
