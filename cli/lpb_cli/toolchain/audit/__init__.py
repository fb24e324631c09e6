"""The gate: what counts as proven is what a replay through the kernel accepts.

``Audit.lean`` does the replay, in a process that has run nothing of what it checks. The modules
here write its plan, read its answer, judge it, and keep what was accepted.
"""

from lpb_cli.toolchain.audit.answer import ModuleAudit, Problem, read_answer
from lpb_cli.toolchain.audit.gate import Gate, take_over
from lpb_cli.toolchain.audit.plan import AUDIT_FILE, AUDIT_VERSION, AuditPlan, module_files
from lpb_cli.toolchain.audit.records import AuditRecords, file_digests
from lpb_cli.toolchain.audit.verdict import ALLOWED_AXIOMS, audit_diagnostics

__all__ = [
    "ALLOWED_AXIOMS",
    "AUDIT_FILE",
    "AUDIT_VERSION",
    "AuditPlan",
    "AuditRecords",
    "Gate",
    "ModuleAudit",
    "Problem",
    "audit_diagnostics",
    "file_digests",
    "module_files",
    "read_answer",
    "take_over",
]
