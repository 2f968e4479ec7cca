"""Small data sets, generated and laid out as the public ones are."""

import numpy as np
from PIL import Image, ImageDraw

SKETCHY_CLASSES = ("airplane", "hot-air_balloon", "teddy_bear")
# All of them, as Sketchy names its folders.
_NAMES = """
    airplane alarm_clock ant ape apple armor axe banana bat bear bee beetle bell bench bicycle
    blimp bread butterfly cabin camel candle cannon car_(sedan) castle cat chair chicken church
    couch cow crab crocodilian cup deer dog dolphin door duck elephant eyeglasses fan fish flower
    frog geyser giraffe guitar hamburger hammer harp hat hedgehog helicopter hermit_crab horse
    hot-air_balloon hotdog hourglass jack-o-lantern jellyfish kangaroo knife lion lizard lobster
    motorcycle mouse mushroom owl parrot pear penguin piano pickup_truck pig pineapple pistol
    pizza pretzel rabbit raccoon racket ray rhinoceros rifle rocket sailboat saw saxophone
    scissors scorpion sea_turtle seagull seal shark sheep shoe skyscraper snail snake songbird
    spider spoon squirrel starfish strawberry swan sword table tank teapot teddy_bear tiger tree
    trumpet turtle umbrella violin volcano wading_bird wheelchair windmill window wine_bottle
    zebra
"""
ALL_SKETCHY_CLASSES = tuple(_NAMES.split())
# Sketch folder -> photo folder, as TU-Berlin Extended names them.
TUBERLIN_CLASSES = {
    "cup (mug)": "cupmug",
    "giraffe": "griaffe",
    "mouse (animal)": "mouse",
    "teddy-bear": "teddybear",
}


def sketchy(root, sketches=5, photos=4, variants=("tx_000000000000", "tx_000100000000")):
    """Sketchy Extended; returns the root."""
    for number, name in enumerate(SKETCHY_CLASSES):
        for variant in variants:
            for n in range(sketches):
                place = root / "256x256" / "sketch" / variant / name
                save(sketch(number, n), place / f"n0239540{number}_3133-{n}.png")
        for n in range(photos):
            save(photo(number, n), root / "EXTEND_image_sketchy" / name / f"ext_{n}.jpg")
            # The archive has these beside the sketches; all are among the extended ones.
            save(photo(number, n), root / "256x256" / "photo" / variants[0] / name / f"{n}.jpg")
    return root


def sketchy_of(root, classes, sketches=1, photos=1, side=8):
    """Sketchy Extended with these classes, no two of its pictures alike; returns the root."""
    for number, name in enumerate(classes):
        for n in range(max(sketches, photos)):
            grey, colour = 8 * n + number % 8, (number, n, 255)
            place = root / "256x256" / "sketch" / "tx_000100000000" / name
            if n < sketches:
                picture = Image.new("L", (side, side + number // 8), 240 - grey)
                save(picture, place / f"n0239540{number}_3133-{n}.png")
            if n < photos:
                picture = Image.new("RGB", (side, side), colour)
                save(picture, root / "EXTEND_image_sketchy" / name / f"ext_{n}.png")
    return root


def tuberlin(root, sketches=4, photos=3):
    """TU-Berlin Extended, red and blue of its photos swapped; returns the root."""
    for number, (name, folder) in enumerate(TUBERLIN_CLASSES.items()):
        for n in range(sketches):
            save(sketch(number, n, mode="L"), root / "png" / name / f"{80 * number + n + 1}.png")
        for n in range(photos):
            swapped = Image.fromarray(np.asarray(photo(number, n))[..., ::-1])
            place = root / "ImageResized" / folder
            save(swapped, place / f"n0775359{number}_{n}.JPEG", format="JPEG")
    (root / "png" / "filelist.txt").write_text("as in the archive\n")
    return root


def quickdraw(root, classes=("palm_tree", "windmill"), sketches=4, photos=3):
    """QuickDraw Extended; returns the root."""
    for number, name in enumerate(classes):
        for n in range(sketches):
            place = root / "QuickDraw_sketches_final" / name
            save(sketch(number, n, mode="L"), place / f"45{number}7{n}.png")
        for n in range(photos):
            place = root / "QuickDraw_images_final" / name.replace("_", " ")
            save(photo(number, n), place / f"{number}_{n}.jpg")
    return root


def plain(root, classes=("cat", "dog"), sketches=3, photos=3):
    """`sketches/<class>/` and `photos/<class>/`; returns the root."""
    for number, name in enumerate(classes):
        for n in range(sketches):
            save(sketch(number, n), root / "sketches" / name / f"{n}.png")
        for n in range(photos):
            save(photo(number, n), root / "photos" / name / f"{n}.jpg")
    return root


def sketch(number, n, side=48, mode="RGB"):
    """A black line on white; its class is its slope."""
    picture = Image.new(mode, (side, side), "white")
    pen = ImageDraw.Draw(picture)
    pen.line((4 + n, 4 + 8 * number, side - 4, side - 4 - n), fill="black", width=2)
    return picture


def photo(number, n, size=(60, 40)):
    """A red disc on blue; its class is its place."""
    picture = Image.new("RGB", size, (0, 0, 180 + 10 * n))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((5 + 9 * number, 8, 25 + 9 * number, 28), fill=(220, 20, 0))
    return picture


def save(picture, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **options)
