"""What words alone are worth: TF-IDF with logistic regression, the floor that a fine-tuned model must stand above.

Words and pairs of words, and two to five characters within words; the usual baseline for short texts. A judge on which
the floor is above 0.92 is too easy to tell two models apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline, make_union

from chatbot.training.evaluate import Judgement, check_labels, judgement
from chatbot.understanding.masking import Masker
from chatbot.understanding.ngrams import words
from training_data.examples import Example
from training_data.nlu import NluData


def words_alone() -> Pipeline:
    """The pipeline, not fitted yet: texts in, probabilities out."""
    return make_pipeline(
        make_union(
            TfidfVectorizer(analyzer=words, sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced"),
    )


def floor_report(data: NluData, examples: Sequence[Example]) -> Judgement:
    """Fits the floor on the data and judges it on the examples, all texts masked as in serving.

    Raises TrainingError if no label of the examples is in the data.
    """
    known = sorted({example.intent for example in data.examples})
    check_labels(known, examples)
    masked = Masker(data.regexes).masked
    reader = words_alone()
    reader.fit([masked(example.text) for example in data.examples], [example.intent for example in data.examples])
    shares = reader.predict_proba([masked(example.text) for example in examples])
    return judgement([str(label) for label in reader.classes_], np.asarray(shares, np.float32), examples)
