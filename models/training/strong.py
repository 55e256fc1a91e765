"""Changes of a second run: other grounds, lamps, lenses and encoders than those of the data, and things that stand before the scene."""

import cv2
import numpy as np

from noise import field


def ground(rng, pixels, side):
    """What a photo that does not fill the picture lies on: itself, blurred; one colour; or soft noise. `pixels` may be None."""
    kind = rng.random()
    if pixels is not None and kind < 0.5:
        small = cv2.resize(pixels, (12, 12), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
    colour = rng.uniform(0, 255, 3)
    if kind < 0.8:
        return np.full((side, side, 3), colour, np.uint8)
    rough = field(rng, side, side, side * rng.uniform(0.03, 0.3))[..., None] - 0.5
    return (colour + rough * rng.uniform(20, 160)).clip(0, 255).astype(np.uint8)


def other_light(rng, image):
    """Hue, gamma, a coloured lamp, a shadow or a light from one side. Bytes to bytes."""
    if rng.random() < 0.5:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        # bins differ in colour from town to town, fire does not: a few degrees only (OpenCV's hue is halved)
        hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(rng.integers(-9, 10))) % 180
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    scene = image.astype(np.float32)
    if rng.random() < 0.5:
        scene = 255 * (scene / 255) ** np.exp(rng.normal(0, 0.35))
    if rng.random() < 0.3:
        # from sodium lamps to shade under a blue sky
        warm = rng.uniform(-0.3, 0.35)
        scene *= np.array([1 + warm, 1, 1 - warm], np.float32)
    if rng.random() < 0.35:
        side = scene.shape[0]
        y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
        angle = rng.uniform(0, 2 * np.pi)
        slope = np.tanh((x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.7, 0.7)) * np.exp(rng.uniform(0, 3)))
        scene *= (1 + slope * rng.uniform(0.1, 0.45))[..., None]
    return scene.clip(0, 255).astype(np.uint8)


def stand_before(rng, scene):
    """One to four flat shapes before the scene (float32, changed): posts, leaves of a tree, a car's edge."""
    h, w = scene.shape[:2]
    for _ in range(int(rng.integers(1, 5))):
        if rng.random() < 0.4:
            pw, ph = rng.uniform(0.01, 0.06) * w, rng.uniform(0.3, 1.5) * h
        else:
            pw, ph = rng.uniform(0.04, 0.22, 2) * (w, h)
        corners = (rng.random((7, 2)) - 0.5) * (pw, ph) + rng.random(2) * (w, h)
        mask = np.zeros((h, w), np.uint8)
        cv2.fillConvexPoly(mask, cv2.convexHull(corners.astype(np.int32)), 1)
        scene[mask > 0] = rng.uniform(0, 200, 3)


def other_camera(rng, scene):
    """Motion, focus, resolution, grain of the colours and coarse JPEG."""
    side = scene.shape[0]
    if rng.random() < 0.15:
        length, angle = int(rng.integers(3, 9)), rng.uniform(0, np.pi)
        kernel = np.zeros((length, length), np.float32)
        reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
        middle = (length - 1) / 2
        cv2.line(kernel, *(tuple(int(round(v)) for v in middle + s * reach) for s in (-1, 1)), 1.0)
        scene = cv2.filter2D(scene, -1, kernel / kernel.sum())
    if rng.random() < 0.15:
        small = max(64, int(side * rng.uniform(0.3, 0.6)))
        scene = cv2.resize(cv2.resize(scene, (small, small), interpolation=cv2.INTER_AREA), (side, side), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.15:
        scene = scene + 1.5 * (scene - cv2.GaussianBlur(scene, (0, 0), 1.2)) * rng.uniform(0.3, 1)
    if rng.random() < 0.2:
        grain = rng.normal(0, rng.uniform(3, 14), (side // 2, side // 2, 3)).astype(np.float32)
        scene = scene + cv2.resize(grain, (side, side), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.2:
        image = scene.clip(0, 255).astype(np.uint8)
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(10, 40))])
        scene = cv2.imdecode(jpeg, cv2.IMREAD_COLOR).astype(np.float32)
    return np.ascontiguousarray(scene, np.float32)
