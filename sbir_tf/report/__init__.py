"""Reports: what evaluations found, as one page to look at and as pictures."""

from sbir_tf.report.choice import rows_to_show
from sbir_tf.report.reading import Evaluation, open_evaluation
from sbir_tf.report.write import write_report

__all__ = ["Evaluation", "open_evaluation", "rows_to_show", "write_report"]
