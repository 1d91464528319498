"""The `deblur` command: each verb is a thin call into the library; heavy parts load when used.

Exit status: 0 done, 1 a check or a run failed, 2 the request was wrong and nothing was started,
3 some of several pictures failed, 4 time was up before all runs were finished, 130 it was stopped
by Ctrl-C.
"""

from deblur_lib.cli import bench, data, matrix, restoring, results, runs, train, weights
from deblur_lib.cli.group import main

__all__ = ["bench", "data", "main", "matrix", "restoring", "results", "runs", "train", "weights"]
