//! What the sample's notes are made of: a laboratory that takes pictures of cells in little light and trains
//! networks to remove the noise.

pub(super) const PEOPLE: [&str; 4] = ["ada", "grace", "noor", "tomas"];

/// Name, family (a tag), what it does to the loss.
pub(super) const MODELS: [(&str, &str, f64); 6] = [
    ("unet-s", "unet", 0.11),
    ("unet-m", "unet", 0.082),
    ("n2v", "blind-spot", 0.14),
    ("n2v-struct", "blind-spot", 0.121),
    ("care", "care", 0.091),
    ("swin-denoise", "transformer", 0.074),
];

/// Name, tag, factor of the loss.
pub(super) const DATASETS: [(&str, &str, f64); 5] = [
    ("zebrafish-04", "zebrafish", 1.0),
    ("hela-lowlight", "hela", 1.35),
    ("drosophila-wing", "drosophila", 0.85),
    ("yeast-timelapse", "yeast", 1.1),
    ("calibration-beads", "beads", 0.5),
];

/// What a run tries: in its title, in its file's name, factor of the loss.
pub(super) const TWISTS: [(&str, &str, f64); 14] = [
    ("warmup of 500 steps", "warmup", 0.92),
    ("cosine schedule", "cosine", 0.9),
    ("half precision", "fp16", 1.02),
    ("larger patches", "patches-128", 0.95),
    ("flips and rotations", "augment", 0.88),
    ("no skip connections", "no-skip", 1.5),
    ("two channels", "two-channel", 1.04),
    ("learning rate 3e-4", "lr-3e-4", 0.97),
    ("learning rate 1e-3", "lr-1e-3", 1.2),
    ("batch of 64", "batch-64", 1.01),
    ("seed sweep", "seeds", 1.0),
    ("gradient clipping", "clip", 0.96),
    ("Poisson noise model", "poisson", 0.84),
    ("distilled from unet-m", "distilled", 1.08),
];

pub(super) const GOALS: [&str; 8] = [
    "Find out whether the gain on {data} survives a second seed.",
    "Reach a loss below 0.1 on {data} without more memory than one card has.",
    "Compare with the baseline of last week under the same number of steps.",
    "See if the artefacts at cell borders in {data} go away.",
    "Check the claim of the paper that {model} needs no clean targets.",
    "Make the training of {model} stable enough to run unattended over night.",
    "Measure how much of the improvement comes from the data and how much from {model}.",
    "Reproduce the result of the meeting on Monday with the frozen code.",
];

pub(super) const OBSERVATIONS: [&str; 20] = [
    "Loss falls fast for the first 2,000 steps and then hardly moves.",
    "The learning rate was too high at the start; the warmup hides it.",
    "Adam and SGD end at the same place, Adam gets there in a third of the time.",
    "Membranes stay sharp, which they did not with the smaller patches.",
    "Validation loss is noisy: 40 pictures are too few.",
    "Background looks over-smoothed; a reviewer would ask about it.",
    "The card was at 96 % the whole time, so the loader is no longer the bottleneck.",
    "Two of five seeds diverge around step 9,000, always in the same batch.",
    "Bright spots lose about 4 % of their intensity; the counts are not affected.",
    "Half precision costs nothing in quality and saves 38 % of the time.",
    "The first frame of each stack is out of focus and should be dropped.",
    "PSNR goes up while the pictures look worse: the metric rewards blur.",
    "Gain in dark regions is larger than in bright ones, as expected of the noise model.",
    "The checkpoint at step 12,000 is better than the last one; early stopping would have found it.",
    "Memory peaks at 21 GB during validation, not during training.",
    "Results on the hidden test plate agree within the error bars.",
    "The laser was changed on Tuesday, so that older stacks are 8 % brighter.",
    "Checkerboard artefacts are gone since the upsampling is bilinear.",
    "An off-by-one in the cropping shifted targets by a pixel; everything before it is void.",
    "Clipping at 1.0 was never reached; it can go.",
];

pub(super) const NEXT: [&str; 10] = [
    "Repeat with three seeds before believing it.",
    "Ask noor for ten more stacks of the same plate.",
    "Write this up for the meeting.",
    "Try the same on hela-lowlight, where it matters.",
    "Lower the learning rate and let it run to the end.",
    "Compare by eye with the clean reference, blinded.",
    "Put the setting into the template.",
    "Ask tomas to look at the calibration of the camera.",
    "Freeze the code and tag it.",
    "Drop this line; the smaller model is good enough.",
];

/// Title, file name, what it says.
pub(super) const IDEAS: [(&str, &str, &str); 16] = [
    (
        "Noise model from dark frames",
        "dark-frames",
        "Every night the camera could take a hundred frames with the shutter closed: the read noise of each pixel, free.",
    ),
    (
        "Predict the exposure",
        "exposure",
        "The network knows how sure it is. It could tell the microscope to expose longer only where it is not.",
    ),
    (
        "One network for all plates",
        "one-network",
        "We train one per plate because we always did. A condition vector for laser and objective may be enough.",
    ),
    ("Stop earlier", "stop-earlier", "In nine of twelve runs the best checkpoint came before two thirds of the steps."),
    ("Blur as a test", "blur-test", "If blurring the output improves the metric, the metric is wrong: a unit test."),
    (
        "Labels from tracking",
        "tracking-labels",
        "Cells that are tracked through noise are labels for the denoiser. Circular, but maybe not viciously.",
    ),
    (
        "Compress before storing",
        "compress",
        "After denoising, pictures compress four times better. The raw data could go to tape a month earlier.",
    ),
    (
        "Weekly seed day",
        "seed-day",
        "Fridays belong to repeating one run of the week with five seeds. No exceptions for results that we like.",
    ),
    (
        "Share the calibration beads",
        "share-beads",
        "Three labs in this building have the same beads. A common target would make our numbers comparable.",
    ),
    ("Learned downsampling", "downsampling", "Bilinear was a quick fix. A learned kernel of fixed sum may be better."),
    (
        "Dose response",
        "dose-response",
        "Plot quality against light dose, not against steps. That is the figure that biologists ask for.",
    ),
    (
        "Uncertainty as opacity",
        "opacity",
        "Show what the network is unsure about as transparent. People believe crisp pictures too easily.",
    ),
    ("Two cameras", "two-cameras", "A beam splitter and a second camera give noisy pairs at no cost in light."),
    ("Time as a channel", "time-channel", "The frames before and after know a lot. Three channels instead of one."),
    (
        "Bleaching as a clock",
        "bleaching",
        "Bleaching is monotone. A network that brightens later frames has learned something that it should not.",
    ),
    ("Read the manual", "manual", "The camera can average in hardware. Nobody knew."),
];

/// Title, file name, tag below `protocol`, steps.
pub(super) const PROTOCOLS: [(&str, &str, &str, &[&str]); 14] = [
    (
        "Culture of HeLa cells",
        "hela-culture",
        "cells",
        &["Warm the medium to 37 °C.", "Wash twice with PBS.", "Trypsin for three minutes.", "Split one to six."],
    ),
    (
        "Staining with SiR-actin",
        "sir-actin",
        "staining",
        &["Dilute to 100 nM in warm medium.", "Incubate for one hour in the dark.", "Do not wash."],
    ),
    ("Nuclear stain", "hoechst", "staining", &["Hoechst 33342, 1 to 2,000.", "Ten minutes.", "Wash once."]),
    (
        "Mounting of zebrafish embryos",
        "zebrafish-mounting",
        "samples",
        &["Anaesthetise with tricaine.", "Low-melt agarose, 0.8 %, below 38 °C.", "Turn the embryo before it sets."],
    ),
    (
        "Wing discs of drosophila",
        "wing-discs",
        "samples",
        &["Dissect in cold medium.", "Fix for twenty minutes.", "Mount flat, peripodial side down."],
    ),
    (
        "Yeast in the flow chamber",
        "yeast-chamber",
        "samples",
        &["Prime with medium, no bubbles.", "Load at 2 psi.", "Start the flow, then the clock."],
    ),
    (
        "Alignment of the light path",
        "alignment",
        "microscope",
        &["Laser on for thirty minutes.", "Centre the spot.", "Walk the two mirrors.", "Record the power."],
    ),
    (
        "Calibration with beads",
        "beads",
        "microscope",
        &["100 nm beads, dried.", "Stack of 4 µm in steps of 100 nm.", "Beyond 5 % of last month, call tomas."],
    ),
    (
        "Dark frames",
        "dark-frames",
        "microscope",
        &["Shutter closed, cap on.", "One hundred frames at each exposure time.", "Mean and variance of each pixel."],
    ),
    (
        "Acquisition in low light",
        "low-light",
        "imaging",
        &["Laser at 2 %.", "Exposure 20 ms.", "Every tenth frame a clean reference.", "Stop at 5 % bleaching."],
    ),
    ("Export of stacks", "export", "imaging", &["OME-TIFF, 16 bit.", "Never JPEG.", "Hash every file, then delete."]),
    (
        "Training on the cluster",
        "training",
        "computing",
        &["Freeze the code.", "Write the note before the run.", "Three seeds.", "Note the loss, whatever it is."],
    ),
    (
        "Blind comparison by eye",
        "blind",
        "computing",
        &["Shuffle, with the key in a sealed file.", "Two people, no talking.", "Open the key together."],
    ),
    (
        "Backup of the week",
        "backup",
        "computing",
        &["Friday, 17:00.", "rsync to the second building.", "Restore one file by chance and compare.", "Sign here."],
    ),
];

pub(super) const FIRST_AUTHORS: [&str; 20] = [
    "abadi",
    "bergmann",
    "castellano",
    "duarte",
    "eriksen",
    "fontaine",
    "goldberg",
    "hayashi",
    "ivanova",
    "jensen",
    "kowalski",
    "lindqvist",
    "moreau",
    "nakamura",
    "okafor",
    "petrov",
    "quintana",
    "rossi",
    "svensson",
    "tanaka",
];

pub(super) const VENUES: [&str; 6] = [
    "Journal of Imaging",
    "Workshop on Low Light",
    "Letters in Optics",
    "Conference on Vision",
    "Preprint",
    "Methods in Microscopy",
];

/// Title, tag below `paper`.
pub(super) const PAPERS: [(&str, &str); 24] = [
    ("Denoising without clean targets", "denoising"),
    ("What blind spots cannot see", "denoising"),
    ("Noise that depends on the signal", "noise-models"),
    ("Poisson and Gauss in one camera", "noise-models"),
    ("Learning rate warmup, explained at last", "optimisation"),
    ("Adam, again", "optimisation"),
    ("Why cosine schedules work", "optimisation"),
    ("Seeds matter more than architectures", "evaluation"),
    ("PSNR considered harmful", "evaluation"),
    ("Blind comparisons in microscopy", "evaluation"),
    ("Hallucinated structures in restored images", "evaluation"),
    ("Transformers for small pictures", "architectures"),
    ("Skip connections carry the noise", "architectures"),
    ("How small can a restoration network be", "architectures"),
    ("Checkerboards and how to avoid them", "architectures"),
    ("Light sheets for living embryos", "microscopy"),
    ("Adaptive exposure", "microscopy"),
    ("Point spread functions over a year", "microscopy"),
    ("Bleaching as a resource", "microscopy"),
    ("Phototoxicity below the threshold", "microscopy"),
    ("Sharing raw image data", "data"),
    ("A catalogue of camera faults", "data"),
    ("Paired low-light stacks of five species", "data"),
    ("Provenance for image analysis", "data"),
];

pub(super) const SUMMARIES: [&str; 12] = [
    "They train on pairs of noisy pictures and need no clean one. The trick holds while neighbours' noise is independent.",
    "A careful ablation. Most of the reported gains vanish when the seeds are averaged.",
    "The model of the camera is simple and sufficient: gain, offset, read noise, all measured from dark frames.",
    "Convincing figures, thin statistics: one plate, one day, one operator.",
    "The code is there and runs. Our numbers are 3 % worse than theirs.",
    "They show that the metric prefers blur, with pictures that everybody should see once.",
    "The warmup matters only in the first hundred steps; later it is the learning rate relative to the batch.",
    "Good advice on storage: keep the raw data, hash it at the microscope, never trust a viewer's export.",
    "The network is ten times smaller and loses half a decibel. For our microscopes that is the better deal.",
    "A review. The table in section 4 saves a week of reading.",
    "Their explanation of the artefacts at borders is the same as ours, two years earlier. Cite.",
    "The appendix has the only honest description of hyperparameter search that I know.",
];

pub(super) const AGENDA: [&str; 12] = [
    "Whether the calibration of last week is good enough (it is not).",
    "Who takes the cluster over night: grace.",
    "Camera returns from repair on Thursday.",
    "The figure on dose needs error bars before it goes out.",
    "ada shows the artefacts at cell borders; agreed to try bilinear upsampling.",
    "Old stacks are moved to the second building on Friday.",
    "noor wants the learning rate in every note, not in the head.",
    "Reviewer 2 asks for a comparison by eye; protocol is written.",
    "The name of a run is its date, its model, its data and what it tries; nothing else.",
    "Journal club: PSNR considered harmful.",
    "Budget for beads is spent; ask the neighbours.",
    "Next week: everybody brings one result that did not work.",
];
