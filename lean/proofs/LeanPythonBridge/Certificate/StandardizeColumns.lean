module

public import LeanPythonBridge.Certificate.Order
public import LeanPythonBridge.Certificate.Sums

/-!
# Standardized columns, in exact integers

The test of `standardize`, column by column: the entries of a column are summed, and so are their squares, and each
entry is compared with its answer. `column_sound` says of the integers what a test that succeeded has proven.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Standardize

open Float64

variable {n p : Nat}

/-! ## The test -/

/-- The sum of `f 0, …, f (n - 1)`; 32 of them at a time, so that the kernel does not go down too deep. -/
def sum (n : Nat) (f : Nat → Nat) : Nat :=
  Nat.add
    (fold (fun b y => Nat.add y (fold (fun r y => Nat.add y (f (Nat.add (Nat.mul 32 b) r))) 0 32)) 0 (Nat.div n 32))
    (fold (fun r y => Nat.add y (f (Nat.add (Nat.mul 32 (Nat.div n 32)) r))) 0 (Nat.mod n 32))

/-- An entry of a frame with `p` columns, as its bits. -/
def entry (p x i j : Nat) : Nat := cut 64 (cutRow (Nat.mul 64 p) x i) j

/-- The absolute value in a weight (`Float64.Packed`) that is positive. -/
def positivePart (weight : Nat) : Nat := Nat.land weight (Nat.sub (Nat.shiftLeft 1 fieldBits) 1)

/-- The absolute value in a weight that is negative. -/
def negativePart (weight : Nat) : Nat := Nat.shiftRight weight fieldBits

/-- The test that `a` and `b` are no further apart than `e`. -/
def near (a b e : Nat) : Bool := Nat.ble a (Nat.add b e) && Nat.ble b (Nat.add a e)

/-- How much further apart they are. -/
def excess (a b e : Nat) : Nat := Nat.add (Nat.sub a (Nat.add b e)) (Nat.sub b (Nat.add a e))

/-- The square of a number. -/
def squared (a : Nat) : Nat := Nat.mul a a

/-- The square of the number that has this weight. -/
def square (weight : Nat) : Nat := squared (Nat.add (positivePart weight) (negativePart weight))

/-- How much further `z` times the scale is from `x` less the mean than it may be; of weights. -/
def entryExcess (mean scale limit z x : Nat) : Nat :=
  excess
    (Nat.add (Nat.mul (positivePart z) scale) (Nat.shiftLeft (Nat.add (negativePart x) (positivePart mean)) 1074))
    (Nat.add (Nat.mul (negativePart z) scale) (Nat.shiftLeft (Nat.add (positivePart x) (negativePart mean)) 1074))
    limit

/-- The test of a column, given the weight of its mean, its scale in units, the sum of its weights, and the bounds in
units. -/
def checkColumn (n p matrix standardized mean scale meanError varianceError error j total : Nat) : Bool :=
  near (Nat.add (Nat.mul n (positivePart mean)) (negativePart total))
      (Nat.add (Nat.mul n (negativePart mean)) (positivePart total)) (Nat.mul n meanError) &&
    near (Nat.add (Nat.mul (Nat.mul n n) (Nat.mul scale scale))
        (squared (excess (positivePart total) (negativePart total) 0)))
      (Nat.mul n (sum n fun i => square (weight (entry p matrix i j))))
      (Nat.mul (Nat.mul n n) (Nat.shiftLeft varianceError 1074)) &&
    Nat.beq (sum n fun i => entryExcess mean scale (Nat.shiftLeft error 1074) (weight (entry p standardized i j))
      (weight (entry p matrix i j))) 0

/-- The test of a column, given the bits of its scale and of its bounds. -/
def checkColumnAt (n p matrix standardized means j scale meanError varianceError error : Nat) : Bool :=
  Nat.ble 1 scale && Nat.blt scale infinity && Nat.blt meanError infinity && Nat.blt varianceError infinity &&
    Nat.blt error infinity && withValue (sum n fun i => weight (entry p matrix i j))
      (checkColumn n p matrix standardized (weight (cut 64 means j)) (scaledMagnitude scale) (scaledMagnitude meanError)
        (scaledMagnitude varianceError) (scaledMagnitude error) j)

/-- The test, for frames of `n` rows and `p` columns, and of `p` doubles. -/
def checkFrames (n p matrix standardized means scales meanErrors varianceErrors errors : Nat) : Bool :=
  Nat.ble 1 n && Nat.blt n 18446744073709551616 && Order.finite (Nat.mul n p) matrix &&
    Order.finite (Nat.mul n p) standardized && Order.finite p means &&
    allBelow (fun j => checkColumnAt n p matrix standardized means j (cut 64 scales j) (cut 64 meanErrors j)
      (cut 64 varianceErrors j) (cut 64 errors j)) p

/-! ## Sums and parts -/

private theorem total_append (a b : Nat) (f : Nat → Nat) : total (a + b) f = total a f + total b fun i => f (a + i) := by
  induction b with
  | zero => rfl
  | succ b ih => rw [← Nat.add_assoc, total, ih, total, Nat.add_assoc]

theorem sum_eq (n : Nat) (f : Nat → Nat) : sum n f = total n f := by
  have part : ∀ k a, fold (fun r y => Nat.add y (f (Nat.add a r))) 0 k = total k fun i => f (a + i) := by
    intro k a
    induction k with
    | zero => rfl
    | succ k ih => rw [total, ← ih]; rfl
  have blocks : ∀ k, fold (fun b y => Nat.add y (fold (fun r y => Nat.add y (f (Nat.add (Nat.mul 32 b) r))) 0 32)) 0 k =
      total (32 * k) f := by
    intro k
    induction k with
    | zero => rfl
    | succ k ih =>
      rw [Nat.mul_succ, total_append, ← ih, ← part 32 (32 * k)]
      rfl
  have e := Nat.div_add_mod n 32
  show fold _ 0 (n / 32) + fold _ 0 (n % 32) = _
  rw [blocks, part]
  show _ + total (n % 32) (fun i => f (32 * (n / 32) + i)) = _
  rw [← total_append, e]

private theorem entry_eq {j : Nat} (hj : j < p) (x i : Nat) : entry p x i j = element x (i * p + j) := by
  have word : ∀ y, cut 64 y j = element y j := fun y => by rw [cut_eq]; rfl
  show cut 64 (cutRow (64 * p) x i) j = _
  rw [word, element_cutRow, if_pos hj]

private theorem positivePart_eq (w : Nat) : positivePart w = w % fieldBase := by
  show w &&& (1 <<< fieldBits - 1) = _
  rw [Nat.one_shiftLeft, Nat.and_two_pow_sub_one_eq_mod, fieldBase]

private theorem negativePart_eq (w : Nat) : negativePart w = w / fieldBase := by
  show w >>> fieldBits = _
  rw [Nat.shiftRight_eq_div_pow, fieldBase]

private theorem room : 2 ^ 64 * scaledMagnitude infinity ≤ fieldBase := by decide +kernel

/-- What the parts of a weight are. -/
private theorem parts {v : Nat} (hv : v < 2 ^ 64) (h : isFinite v = true) :
    (positivePart (weight v) : Int) - negativePart (weight v) = scaled v ∧
      positivePart (weight v) + negativePart (weight v) = scaledAbs v ∧
      weight v = positivePart (weight v) + negativePart (weight v) * fieldBase ∧
      positivePart (weight v) ≤ scaledMagnitude infinity := by
  have lt : scaledAbs v < scaledMagnitude infinity := scaledMagnitude_lt (of_decide_eq_true h)
  have fits := room
  have split : positivePart (weight v) = (if isNegative v then 0 else scaledAbs v) ∧
      negativePart (weight v) = if isNegative v then scaledAbs v else 0 := by
    have small : (if isNegative v then 0 else scaledAbs v) < fieldBase := by split <;> omega
    rw [positivePart_eq, negativePart_eq, weight_of_finite hv h, Nat.add_mul_mod_self_right, Nat.mod_eq_of_lt small,
      Nat.add_mul_div_right _ _ (show 0 < fieldBase from Nat.two_pow_pos _), Nat.div_eq_of_lt small, Nat.zero_add]
    exact ⟨rfl, rfl⟩
  have whole := weight_of_finite hv h
  rw [split.1, split.2, scaled]
  refine ⟨?_, ?_, whole, ?_⟩ <;> split <;> omega

private theorem total_sub (a b : Nat → Nat) :
    ((total n a : Nat) : Int) - total n b = integerSum n fun i => (a i : Int) - b i := by
  induction n with
  | zero => rfl
  | succ n ih => rw [integerSum, ← ih, total, total]; omega

/-- The parts of a sum of weights. -/
private theorem parts_of_total {v : Nat → Nat} (hn : n < 2 ^ 64) (hv : ∀ i < n, v i < 2 ^ 64)
    (h : ∀ i < n, isFinite (v i) = true) :
    (positivePart (total n fun i => weight (v i)) : Int) - negativePart (total n fun i => weight (v i)) =
      integerSum n fun i => scaled (v i) := by
  have e : total n (fun i => weight (v i)) =
      total n (fun i => positivePart (weight (v i))) + total n (fun i => negativePart (weight (v i))) * fieldBase := by
    rw [← total_mul, ← total_add]
    exact total_congr fun i hi => (parts (hv i hi) (h i hi)).2.2.1
  have small : total n (fun i => positivePart (weight (v i))) < fieldBase := by
    have le := total_le fun i hi => (parts (hv i hi) (h i hi)).2.2.2
    have := Nat.mul_lt_mul_of_pos_right hn (show 0 < scaledMagnitude infinity by decide +kernel)
    have := room
    omega
  rw [positivePart_eq, negativePart_eq, e, Nat.add_mul_mod_self_right, Nat.mod_eq_of_lt small,
    Nat.add_mul_div_right _ _ (show 0 < fieldBase from Nat.two_pow_pos _), Nat.div_eq_of_lt small, Nat.zero_add,
    total_sub]
  exact integerSum_congr fun i hi => (parts (hv i hi) (h i hi)).1

/-! ## Soundness, in integers -/

private theorem near_iff {a b e : Nat} : near a b e = true ↔ (a : Int) - b ≤ e ∧ (b : Int) - a ≤ e := by
  simp only [near, Bool.and_eq_true, Nat.ble_eq, Nat.add_eq]
  omega

private theorem excess_eq_zero {a b e : Nat} (h : excess a b e = 0) : (a : Int) - b ≤ e ∧ (b : Int) - a ≤ e := by
  have : a - (b + e) + (b - (a + e)) = 0 := h
  omega

private theorem eq_zero_of_total {f : Nat → Nat} (h : total n f = 0) : ∀ i < n, f i = 0 := by
  induction n with
  | zero => intro i hi; omega
  | succ n ih =>
    rw [total, Nat.add_eq_zero_iff] at h
    intro i hi
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with lt | rfl
    · exact ih h.1 i lt
    · exact h.2

/-- What the test of a column says of the integers. -/
theorem column_sound {matrix standardized mean scale meanError varianceError error j : Nat}
    (hn : n < 2 ^ 64) (hj : j < p) (hx : ∀ i < n, isFinite (element matrix (i * p + j)) = true)
    (hz : ∀ i < n, isFinite (element standardized (i * p + j)) = true) (hm : isFinite mean = true) (hm' : mean < 2 ^ 64)
    (h : checkColumn n p matrix standardized (weight mean) scale meanError varianceError error j
      (sum n fun i => weight (entry p matrix i j)) = true) :
    ((n : Int) * scaled mean - integerSum n (fun i => scaled (element matrix (i * p + j))) ≤ n * meanError ∧
      integerSum n (fun i => scaled (element matrix (i * p + j))) - n * scaled mean ≤ n * meanError) ∧
    ((n * n * (scale * scale) : Int) - (n * integerSum n (fun i => scaled (element matrix (i * p + j)) *
        scaled (element matrix (i * p + j))) - integerSum n (fun i => scaled (element matrix (i * p + j))) *
        integerSum n (fun i => scaled (element matrix (i * p + j)))) ≤ n * n * (varianceError * Float64.scale) ∧
      (n * integerSum n (fun i => scaled (element matrix (i * p + j)) * scaled (element matrix (i * p + j))) -
        integerSum n (fun i => scaled (element matrix (i * p + j))) *
        integerSum n (fun i => scaled (element matrix (i * p + j)))) - (n * n * (scale * scale) : Int) ≤
          n * n * (varianceError * Float64.scale)) ∧
    ∀ i < n, scaled (element standardized (i * p + j)) * scale -
        (scaled (element matrix (i * p + j)) - scaled mean) * Float64.scale ≤ error * Float64.scale ∧
      (scaled (element matrix (i * p + j)) - scaled mean) * Float64.scale -
        scaled (element standardized (i * p + j)) * scale ≤ error * Float64.scale := by
  have total_eq := parts_of_total hn (fun i _ => element_lt matrix (i * p + j)) hx
  have square_eq : ((total n fun i => square (weight (element matrix (i * p + j))) : Nat) : Int) =
      integerSum n fun i => scaled (element matrix (i * p + j)) * scaled (element matrix (i * p + j)) := by
    rw [total_eq_integerSum]
    refine integerSum_congr fun i hi => ?_
    show (((positivePart (weight _) + negativePart (weight _)) * (positivePart (weight _) + negativePart (weight _)) : Nat) :
      Int) = _
    rw [(parts (element_lt ..) (hx i hi)).2.1, Int.natCast_mul, ← natAbs_scaled, Int.natAbs_mul_self']
  have mean_eq := (parts hm' hm).1
  simp only [checkColumn, sum_eq, entry_eq hj, Bool.and_eq_true, near_iff, Nat.beq_eq] at h
  obtain ⟨⟨means, variances⟩, entries⟩ := h
  rw [← total_eq, ← square_eq, ← mean_eq]
  refine ⟨?_, ?_, fun i hi => ?_⟩
  · have e₁ : ((Nat.mul n (positivePart (weight mean)) : Nat) : Int) = n * positivePart (weight mean) := Int.natCast_mul ..
    have e₂ : ((Nat.mul n (negativePart (weight mean)) : Nat) : Int) = n * negativePart (weight mean) := Int.natCast_mul ..
    have e₃ : ((Nat.mul n meanError : Nat) : Int) = n * meanError := Int.natCast_mul ..
    simp only [Nat.add_eq, Int.natCast_add, e₁, e₂, e₃] at means
    rw [Int.mul_sub]
    omega
  · generalize total n (fun i => weight (element matrix (i * p + j))) = T at *
    generalize total n (fun i => square (weight (element matrix (i * p + j)))) = Q at *
    have e₁ : ((Nat.mul (Nat.mul n n) (Nat.mul scale scale) : Nat) : Int) = n * n * (scale * scale) := by
      simp only [Nat.mul_eq, Int.natCast_mul]
    have e₂ : ((Nat.mul n Q : Nat) : Int) = n * Q := Int.natCast_mul ..
    have e₃ : ((Nat.mul (Nat.mul n n) (Nat.shiftLeft varianceError 1074) : Nat) : Int) =
        n * n * (varianceError * Float64.scale) := by
      rw [show Nat.shiftLeft varianceError 1074 = varianceError <<< 1074 from rfl, shiftLeft_scale]
      simp only [Nat.mul_eq, Int.natCast_mul]
    have e₄ : ((squared (excess (positivePart T) (negativePart T) 0) : Nat) : Int) =
        ((positivePart T : Int) - negativePart T) * ((positivePart T : Int) - negativePart T) := by
      have : ((excess (positivePart T) (negativePart T) 0 : Nat) : Int) = ((positivePart T : Int) - negativePart T).natAbs := by
        show ((positivePart T - (negativePart T + 0) + (negativePart T - (positivePart T + 0)) : Nat) : Int) = _
        omega
      show ((_ * _ : Nat) : Int) = _
      rw [Int.natCast_mul, this, Int.natAbs_mul_self']
    simp only [Nat.add_eq, Int.natCast_add, e₁, e₂, e₃, e₄] at variances
    generalize ((positivePart T : Int) - negativePart T) * ((positivePart T : Int) - negativePart T) = a at *
    generalize (n : Int) * Q = b at *
    generalize (n : Int) * n * (scale * scale) = c at *
    omega
  · have x := (parts (element_lt matrix (i * p + j)) (hx i hi)).1
    have z := (parts (element_lt standardized (i * p + j)) (hz i hi)).1
    have far := excess_eq_zero (eq_zero_of_total entries i hi)
    rw [← x, ← z]
    simp only [show ∀ a, Nat.shiftLeft a 1074 = a * Float64.scale from shiftLeft_scale, Nat.add_eq, Nat.mul_eq,
      Int.natCast_add, Int.natCast_mul] at far
    generalize ((Float64.scale : Nat) : Int) = u at *
    obtain ⟨h₁, h₂⟩ := far
    constructor <;> grind

end LeanPythonBridge.Certificate.Standardize
