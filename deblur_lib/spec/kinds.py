"""The kinds of generated pairs, in a line each. `data.generated.variants` draws them.

"Linear" is GoPro's word for the mean of stored values; see `data.generated.synthesis`. Train and
test on one kind: a network trained on one average loses on the other.
"""

KINDS: dict[str, str] = {
    "synth-gopro-linear": "moving scene and objects, mean of STORED values (GoPro's folder `blur`)",
    "synth-gopro-gamma": "the same motion model, mean in LINEAR LIGHT (GoPro's `blur_gamma`)",
    "synth-gopro-far": "as synth-gopro-linear, paths of 26 to 44 pixels whatever `blur`",
    "synth-gopro-jpeg": "synth-gopro-linear whose blurred picture was stored as JPEG of quality 30",
    "synth-clip": "three frames of a moving scene, each the mean of 21 STORED pictures (N = 20, "
    "L = 10); sharp = the middle frame",
    "synth-clip-short": "the same, each the mean of 3 of those pictures: nearly sharp",
    "synth-shake": "camera shake, one kernel for the whole picture, convolved in linear light",
    "synth-lai-uniform": "one of four fixed kernels (train: any), stored values, noise 0.01",
    "synth-lai-nonuniform": "one of four fixed paths of a turning camera (train: any), mean of "
    "stored values, noise 0.01; sharp = middle of the path",
    "synth-lai-nonuniform-first": "the same, sharp = start of the path, as the benchmark has it",
    "synth-lai-nonuniform-full": "as synth-lai-nonuniform at the benchmark's own lengths of path, "
    "whatever `blur` and `spread`",
    "synth-lai-nonuniform-first-full": "the same, sharp = start of the path",
    "synth-realblur-j": "night scene with lamps, one kernel in light before clipping; tone curve, "
    "JPEG",
    "synth-realblur-r": "the same without tone curve and JPEG: dark",
    "synth-hide-close": "one or two large people who walk; linear light",
    "synth-hide-long": "two to five small people who walk; linear light",
}

TITLES: dict[str, str] = {  # for readers who know no data id
    "synth-gopro-linear": "generated motion of scene and objects",
    "synth-gopro-gamma": "generated motion of scene and objects in linear light",
    "synth-gopro-far": "generated long motion of scene and objects",
    "synth-gopro-jpeg": "generated motion stored as JPEG",
    "synth-clip": "generated clips of a moving scene",
    "synth-clip-short": "generated clips that are nearly sharp",
    "synth-shake": "generated camera shake",
    "synth-lai-uniform": "four fixed blur kernels",
    "synth-lai-nonuniform": "four fixed paths of a turning camera",
    "synth-lai-nonuniform-first": "four fixed paths of a turning camera",
    "synth-lai-nonuniform-full": "four fixed long paths of a turning camera",
    "synth-lai-nonuniform-first-full": "four fixed long paths of a turning camera",
    "synth-realblur-j": "generated night scenes with lamps",
    "synth-realblur-r": "generated dark scenes",
    "synth-hide-close": "generated people who walk nearby",
    "synth-hide-long": "generated people who walk far off",
}
