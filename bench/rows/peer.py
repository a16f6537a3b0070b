"""Cross-tabs of a CSV of predictions with pandas and scikit-learn, as an audit begins: no intervals, no tests.

Prints the seconds it took, after its imports, and the rows it counted, as JSON.
"""

import json
import resource
import sys
import time

import pandas
import sklearn
from sklearn.metrics import confusion_matrix

start, used = time.perf_counter(), time.process_time()
rows = pandas.read_csv(
    sys.argv[1],
    usecols=["race", "sex", "label", "pred"],
    dtype={"race": "category", "sex": "category", "label": "int8", "pred": "int8"},
)
counted = 0
for _, group in rows.groupby(["race", "sex"], observed=True):
    counted += int(confusion_matrix(group["label"], group["pred"], labels=[0, 1]).sum())
seconds, processor = time.perf_counter() - start, time.process_time() - used
print(json.dumps({
    "seconds": seconds,
    "processor": processor,
    "rows": counted,
    "peak_memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "pandas": pandas.__version__,
    "sklearn": sklearn.__version__,
}))
