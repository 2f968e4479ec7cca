"""What a data set in folders holds, picture by picture; read once, then remembered."""

from sbir_tf.data.survey.memory import CACHE
from sbir_tf.data.survey.surveying import Survey, survey, survey_forms

__all__ = ["CACHE", "Survey", "survey", "survey_forms"]
