import LeanPythonBridge.Certificate.SolveOperation
import LeanPythonBridge.Tactic

/-! # A goal that Python answers -/

open LeanPythonBridge Certificate

/-- `4 x + y = 0.1` and `2 x + 3.5 y = -0.002`, in the doubles nearest to these numbers. -/
def system : Question where
  arrays := [.matrix "matrix" [[4, 1], [2, 3.5]], .vector "right" [0.1, -2e-3]]

/-- The equations have exactly one solution, and the answer is as near to it as it says. -/
theorem system_solved : ∃ answer, SolveOperation.operation.Meaning system answer := by
  certified "solve"
