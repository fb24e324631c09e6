import Example.Energy
import Example.Total

/-! # A package of one's own: its own theorems beside a certified result -/

open LeanPythonBridge

/-- What Python computed and `lpb certify` froze: the sum, with its bound, is true of the exact numbers. -/
theorem total_holds :
    Certificate.MatrixSum.operation.Meaning Certified.Total.question Certified.Total.answer :=
  Certified.Total.answer_holds

theorem spring_at_rest (stiffness : Int) : doubledEnergy stiffness 0 = 0 := by
  simp [doubledEnergy]
