module

public import LeanPythonBridge.Certificate.MatrixSum

/-!
# `matrix_sum`, certified

Sum all elements of a float64 matrix.
Answered in this process.

The numbers below are the bytes that were asked and answered, and `answer_holds` says of their
exact values what `LeanPythonBridge.Certificate.MatrixSum` calls the operation's meaning. It needs neither Python nor a server
any more.
-/

@[expose] public section

namespace LeanPythonBridge.Certified.Total

/-- What was asked. -/
def question : Question :=
  { params := [("matrix", .list [.list [.int (1), .int (2)], .list [.int (3), .int (4)]])] }

/-- What was answered, and the certificate for it. -/
def answer : Answer :=
  { result := [("sum", .float 0x4024000000000000)], certificate := [("kind", .string "sum_error_bound"), ("count", .int (4)), ("error", .float 0x0), ("error_bound", .float 0x3cf4000000000000), ("nonnegative", .bool true)] }

/-- The answer is true of the question. -/
theorem answer_holds : _root_.LeanPythonBridge.Certificate.MatrixSum.operation.Meaning question answer :=
  CertifiedOperation.meaning_of_accepts _ (by decide +kernel)

end LeanPythonBridge.Certified.Total
