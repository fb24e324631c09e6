/-! # A plain file: no `module`, no imports -/

/-- The energy of a spring: half its stiffness times the square of its length, doubled to stay in whole numbers. -/
def doubledEnergy (stiffness length : Int) : Int := stiffness * (length * length)

theorem doubledEnergy_nonneg {stiffness : Int} (h : 0 ≤ stiffness) (length : Int) :
    0 ≤ doubledEnergy stiffness length := by
  have square : 0 ≤ length * length := by
    cases Int.le_total 0 length with
    | inl positive => exact Int.mul_nonneg positive positive
    | inr negative => exact Int.mul_nonneg_of_nonpos_of_nonpos negative negative
  exact Int.mul_nonneg h square

#eval doubledEnergy 3 (-2)
