"""Tasks by Optimum's names, the model classes that serve them, and how a checkpoint's class names its task.

Imports nothing but the standard library: the program and every worker read this one table.
"""

AUTO_CLASSES: dict[str, tuple[str, ...]] = {
    "audio-classification": ("AutoModelForAudioClassification",),
    "audio-frame-classification": ("AutoModelForAudioFrameClassification",),
    "audio-xvector": ("AutoModelForAudioXVector",),
    "automatic-speech-recognition": ("AutoModelForSpeechSeq2Seq", "AutoModelForCTC"),
    "depth-estimation": ("AutoModelForDepthEstimation",),
    "feature-extraction": ("AutoModel",),
    "fill-mask": ("AutoModelForMaskedLM",),
    "image-classification": ("AutoModelForImageClassification",),
    "image-segmentation": (
        "AutoModelForImageSegmentation",
        "AutoModelForSemanticSegmentation",
        "AutoModelForInstanceSegmentation",
        "AutoModelForUniversalSegmentation",
    ),
    "image-to-image": ("AutoModelForImageToImage",),
    "image-to-text": ("AutoModelForImageTextToText", "AutoModelForVision2Seq"),
    "masked-im": ("AutoModelForMaskedImageModeling",),
    "multiple-choice": ("AutoModelForMultipleChoice",),
    "object-detection": ("AutoModelForObjectDetection",),
    "question-answering": ("AutoModelForQuestionAnswering",),
    "semantic-segmentation": ("AutoModelForSemanticSegmentation",),
    "text-classification": ("AutoModelForSequenceClassification",),
    "text-generation": ("AutoModelForCausalLM",),
    "text2text-generation": ("AutoModelForSeq2SeqLM",),
    "token-classification": ("AutoModelForTokenClassification",),
    "zero-shot-image-classification": ("AutoModelForZeroShotImageClassification",),
}

SYNONYMS = {
    "causal-lm": "text-generation",
    "masked-lm": "fill-mask",
    "image-feature-extraction": "feature-extraction",
    "image-text-to-text": "image-to-text",
    "sentence-similarity": "feature-extraction",
    "seq2seq-lm": "text2text-generation",
    "sequence-classification": "text-classification",
    "summarization": "text2text-generation",
    "translation": "text2text-generation",
    "zero-shot-classification": "text-classification",
    "ner": "token-classification",
    "sentiment-analysis": "text-classification",
}

# The end of a checkpoint's class name, the longest match first.
_CLASS_ENDINGS = {
    "ForAudioFrameClassification": "audio-frame-classification",
    "ForCTC": "automatic-speech-recognition",
    "ForCausalLM": "text-generation",
    "ForDepthEstimation": "depth-estimation",
    "ForImageClassification": "image-classification",
    "ForImageClassificationWithTeacher": "image-classification",
    "ForImageToImage": "image-to-image",
    "ForMaskedImageModeling": "masked-im",
    "ForMaskedLM": "fill-mask",
    "ForMultipleChoice": "multiple-choice",
    "ForObjectDetection": "object-detection",
    "ForQuestionAnswering": "question-answering",
    "ForSemanticSegmentation": "semantic-segmentation",
    "ForSequenceClassification": "text-classification",
    "ForSpeechSeq2Seq": "automatic-speech-recognition",
    "ForTokenClassification": "token-classification",
    "ForXVector": "audio-xvector",
    "GPT2LMHeadModel": "text-generation",
    "OpenAIGPTLMHeadModel": "text-generation",
    "TransfoXLLMHeadModel": "text-generation",
    "MarianMTModel": "text2text-generation",
    "Model": "feature-extraction",
}

# Classes whose ending says less than their family does.
_CONDITIONAL_GENERATION = {
    "whisper": "automatic-speech-recognition",
    "speech_to_text": "automatic-speech-recognition",
    "moonshine": "automatic-speech-recognition",
    "blip": "image-to-text",
    "bart": "text2text-generation",
    "mbart": "text2text-generation",
    "mvp": "text2text-generation",
    "t5": "text2text-generation",
    "mt5": "text2text-generation",
    "longt5": "text2text-generation",
    "umt5": "text2text-generation",
    "switch_transformers": "text2text-generation",
    "pegasus": "text2text-generation",
    "pegasus_x": "text2text-generation",
    "led": "text2text-generation",
    "bigbird_pegasus": "text2text-generation",
    "blenderbot": "text2text-generation",
    "blenderbot-small": "text2text-generation",
    "m2m_100": "text2text-generation",
    "plbart": "text2text-generation",
}

# Classes that serve several tasks, by family: naming one for the user would be a guess.
_SEVERAL = {
    "clip": ("zero-shot-image-classification", "feature-extraction"),
    "siglip": ("zero-shot-image-classification", "feature-extraction"),
    "siglip2": ("zero-shot-image-classification", "feature-extraction"),
    "chinese_clip": ("zero-shot-image-classification", "feature-extraction"),
    "align": ("zero-shot-image-classification", "feature-extraction"),
}


_PAST = "-with-past"
# What has a form with a cache: keys and values of the past as inputs and outputs.
_WITH_PAST = ("text-generation", "text2text-generation", "automatic-speech-recognition", "image-to-text")

# The files of an encoder-decoder with past, by Optimum's names.
ENCODER, DECODER, STEP = "encoder_model", "decoder_model", "decoder_with_past_model"
# Both decoders in one, where it is asked for.
MERGED = "decoder_model_merged"


def with_past() -> tuple[str, ...]:
    """The task names that ask for a file with a cache."""
    return tuple(f"{task}{_PAST}" for task in _WITH_PAST)


def has_past(task: str) -> bool:
    """Whether the task asks for a file with a cache."""
    return task.endswith(_PAST)


def has_several_files(task: str) -> bool:
    """Whether the task asks for encoder and decoder in files of their own."""
    return has_past(task) and without_past(task) != "text-generation"


def without_past(task: str) -> str:
    """The task that decides the model's class."""
    return task.removesuffix(_PAST)


def known_tasks() -> tuple[str, ...]:
    """Every task name that `task` accepts, without synonyms."""
    return tuple(sorted(AUTO_CLASSES))


def canonical(task: str) -> str:
    """The Optimum name of a task: synonyms are resolved, other names come back as they are."""
    plain = without_past(task)
    return f"{SYNONYMS.get(plain, plain)}{task[len(plain) :]}"


def tasks_of_class(class_name: str, model_type: str) -> tuple[str, ...]:
    """The tasks that a checkpoint's class was saved for: one when it is certain, several when it is not."""
    if model_type in _SEVERAL and class_name.endswith("Model"):
        return _SEVERAL[model_type]
    if class_name.endswith("ForConditionalGeneration"):
        task = _CONDITIONAL_GENERATION.get(model_type)
        return (task,) if task else ("text2text-generation", "image-to-text", "automatic-speech-recognition")
    endings = sorted(_CLASS_ENDINGS, key=len, reverse=True)
    return next(((_CLASS_ENDINGS[end],) for end in endings if class_name.endswith(end)), ())
