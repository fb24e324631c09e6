module

public import LeanPythonBridge.Certificate.RowsLemmas

/-!
# Exact products of matrices, a row at a time

Row `i` of a product `S G` is `Σ Sᵢₖ Gₖ`, where `Gₖ` is row `k` of `G`: with the rows in lanes, one multiplication of a
short number by a long one for each `k` (`combine`). The integers have offsets, which `difference` takes out again while
it subtracts a row of the product from another row. `absoluteSum` adds up the absolute values of a row in a few steps.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

/-! ## Evaluation -/

/-- `f start, …, f (start + count - 1)`, which are evaluated once. -/
def tabulate (f : Nat → Nat) (count start : Nat) : List Nat :=
  Nat.rec (motive := fun _ => Nat → List Nat) (fun _ => []) (fun _ rest i => List.cons (f i) (rest (Nat.add i 1)))
    count start

/-- `tabulate` as it is compiled. -/
def tabulateCompiled (f : Nat → Nat) : (count start : Nat) → List Nat
  | 0, _ => []
  | count + 1, start => f start :: tabulateCompiled f count (start + 1)

@[csimp] theorem tabulate_eq_compiled : @tabulate = @tabulateCompiled := by
  funext f count
  induction count with
  | zero => rfl
  | succ count ih => funext start; rw [tabulateCompiled, ← ih]; rfl

/-- The sum of the first `count` rows `rₖ`, each times `coefficient k rₖ`; the first `k` is `start`. -/
def combine (coefficient : Nat → Nat → Nat) (rows : List Nat) (count start : Nat) : Nat :=
  List.rec (motive := fun _ => Nat → Nat → Nat) (fun _ _ => 0)
    (fun row _ rest count k => Nat.rec (motive := fun _ => Nat) 0
      (fun count _ => Nat.add (Nat.mul (coefficient k row) row) (rest count (Nat.add k 1))) count) rows count start

/-- `combine` as it is compiled. -/
def combineCompiled (coefficient : Nat → Nat → Nat) : (rows : List Nat) → (count start : Nat) → Nat
  | row :: rows, count + 1, k => coefficient k row * row + combineCompiled coefficient rows count (k + 1)
  | [], _, _ => 0
  | _, 0, _ => 0

@[csimp] theorem combine_eq_compiled : @combine = @combineCompiled := by
  funext coefficient rows
  induction rows with
  | nil => funext count k; rw [combineCompiled]; rfl
  | cons row rows ih =>
    funext count k
    cases count with
    | zero => rw [combineCompiled]; · rfl
              · intros; contradiction
    | succ count => rw [combineCompiled, ← ih]; rfl

/-- `(p + s a + b) - (g d + c)` in each lane, of which the numbers `b` and `c` are the same for all lanes. -/
def difference (unit p s g a b c d : Nat) : Nat :=
  Nat.sub (Nat.add (Nat.add p (Nat.mul s a)) (Nat.mul unit b)) (Nat.add (Nat.mul g d) (Nat.mul unit c))

/-- 1 where a lane is at least `2^h`: the integers with the offset `2^h` that are not negative. -/
def nonnegatives (unit h z : Nat) : Nat := Nat.land (Nat.shiftRight z h) unit

/-- The sum of the absolute values of `n` integers in lanes, with the offset `2^h`. -/
def absoluteSum (w n h z : Nat) : Nat :=
  Nat.sub
    (Nat.add (Nat.mul 2 (laneSum w (Nat.land z (Nat.mul (nonnegatives (ones w n) h z) (Nat.sub (Nat.shiftLeft 1 w) 1)))))
      (Nat.mul (Nat.shiftLeft 1 h) n))
    (Nat.add (Nat.mul (Nat.shiftLeft 2 h) (laneSum w (nonnegatives (ones w n) h z))) (laneSum w z))

/-- The test of every number from 0 to `count - 1`. -/
def allBelow (test : Nat → Bool) (count : Nat) : Bool :=
  Nat.rec (motive := fun _ => Bool) true (fun k rest => Bool.rec false rest (test k)) count

/-- `allBelow` as it is compiled. -/
def allBelowCompiled (test : Nat → Bool) : (count : Nat) → Bool
  | 0 => true
  | k + 1 => if test k then allBelowCompiled test k else false

@[csimp] theorem allBelow_eq_compiled : @allBelow = @allBelowCompiled := by
  funext test count
  induction count with
  | zero => rfl
  | succ k ih => rw [allBelowCompiled, ← ih]; show Bool.rec (motive := fun _ => Bool) _ _ (test k) = _; cases test k <;> rfl

/-! ## What they give -/

theorem allBelow_iff {test : Nat → Bool} {count : Nat} : allBelow test count = true ↔ ∀ i < count, test i = true := by
  rw [allBelow_eq_compiled]
  induction count with
  | zero => exact ⟨fun _ i h => by omega, fun _ => rfl⟩
  | succ count ih =>
    rw [allBelowCompiled]
    refine ⟨fun h i hi => ?_, fun h => ?_⟩
    · split at h
      · rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with lt | rfl
        · exact ih.1 h i lt
        · assumption
      · contradiction
    · rw [if_pos (h count (by omega)), ih]; exact fun i hi => h i (by omega)

variable {w n : Nat}

theorem total_cons (n : Nat) (f : Nat → Nat) : total (n + 1) f = f 0 + total n fun i => f (i + 1) := by
  induction n with
  | zero => simp [total]
  | succ n ih => rw [total, ih, total]; omega

/-- Rows in lanes are combined in lanes. -/
theorem combine_tabulate {row : Nat → Nat} {g : Nat → Nat → Nat} (coefficient : Nat → Nat → Nat) {count rows : Nat}
    (start : Nat) (le : count ≤ rows) (hg : ∀ k < rows, row (start + k) = pack w n (g (start + k))) :
    combine coefficient (tabulate row rows start) count start =
      pack w n fun l => total count fun k => coefficient (start + k) (row (start + k)) * g (start + k) l := by
  rw [combine_eq_compiled, tabulate_eq_compiled]
  induction count generalizing rows start with
  | zero =>
    have : ∀ xs : List Nat, combineCompiled coefficient xs 0 start = 0 := by
      intro xs; cases xs <;> rw [combineCompiled]; intros; contradiction
    rw [this]; exact pack_zero.symm
  | succ count ih =>
    obtain ⟨rows, rfl⟩ : ∃ k, rows = k + 1 := ⟨rows - 1, by omega⟩
    have shift : ∀ k, start + 1 + k = start + (k + 1) := fun k => by omega
    rw [tabulateCompiled, combineCompiled, ih (start + 1) (by omega) fun k hk => by rw [shift]; exact hg _ (by omega)]
    have first := hg 0 (by omega)
    rw [Nat.add_zero] at first
    conv => lhs; arg 1; arg 2; rw [first]
    rw [mul_pack, pack_add]
    refine pack_congr fun l _ => ?_
    rw [total_cons]
    simp only [shift, Nat.add_zero]

/-- Lanes are subtracted after the multiples have been taken, when each difference is a number. -/
theorem difference_pack {v p s g : Nat → Nat} {a b c d : Nat} (hw : 0 < w)
    (h : ∀ l < n, v l + (g l * d + c) = p l + s l * a + b) :
    difference (ones w n) (pack w n p) (pack w n s) (pack w n g) a b c d = pack w n v := by
  show pack w n p + pack w n s * a + ones w n * b - (pack w n g * d + ones w n * c) = _
  rw [ones_mul hw, ones_mul hw, pack_mul, pack_mul, pack_add, pack_add, pack_add,
    pack_sub fun l hl => by have := h l hl; omega]
  exact pack_congr fun l hl => by have := h l hl; omega

/-- `absoluteSum` is what its name says. -/
theorem absoluteSum_pack {v : Nat → Nat} {h : Nat} (hv : ∀ l < n, v l < 2 ^ (h + 1)) (room : n * 2 ^ (h + 1) + 1 < 2 ^ w)
    (hw : h < w) : absoluteSum w n h (pack w n v) = total n fun l => (v l - 2 ^ h) + (2 ^ h - v l) := by
  let t : Nat → Nat := fun l => if v l < 2 ^ h then 0 else 1
  have small : ∀ l < n, v l < 2 ^ w - 1 ∧ n * 2 ^ (h + 1) < 2 ^ w - 1 := fun l hl => by
    have := hv l hl
    have : 2 ^ (h + 1) ≤ n * 2 ^ (h + 1) := Nat.le_mul_of_pos_left _ (by omega)
    omega
  have bit : ∀ l, t l = 0 ∧ v l < 2 ^ h ∨ t l = 1 ∧ 2 ^ h ≤ v l := fun l => by
    simp only [t]; split <;> omega
  have signs : nonnegatives (ones w n) h (pack w n v) = pack w n t := by
    show (pack w n v >>> h) &&& ones w n = _
    rw [ones_eq (by omega), pack_shiftRight_land (by omega) (fun l hl => by have := small l hl; omega)
      (fun _ _ => Nat.one_lt_two_pow (by omega))]
    refine pack_congr fun l hl => ?_
    have lt := hv l hl
    rw [Nat.and_two_pow_sub_one_eq_mod (v l >>> h) 1, Nat.shiftRight_eq_div_pow]
    rw [Nat.pow_succ] at lt
    rcases bit l with ⟨e, below⟩ | ⟨e, above⟩ <;> rw [e]
    · rw [Nat.div_eq_of_lt below]
    · rw [Nat.div_eq_of_lt_le (m := v l) (n := 2 ^ h) (k := 1) (by omega) (by omega)]
  have kept : (pack w n v &&& pack w n t * (1 <<< w - 1)) = pack w n fun l => t l * v l := by
    rw [pack_mul, Nat.one_shiftLeft, pack_land (by omega) (fun l hl => by have := small l hl; omega) fun l hl => ?_]
    · refine pack_congr fun l hl => ?_
      rcases bit l with ⟨e, -⟩ | ⟨e, -⟩ <;> rw [e]
      · simp
      · rw [Nat.one_mul, Nat.one_mul, Nat.and_two_pow_sub_one_eq_mod, Nat.mod_eq_of_lt (by have := small l hl; omega)]
    · have := Nat.two_pow_pos w
      rcases bit l with ⟨e, -⟩ | ⟨e, -⟩ <;> rw [e] <;> omega
  have lt_total : ∀ f : Nat → Nat, (∀ l < n, f l ≤ 2 ^ (h + 1)) → total n f < 2 ^ w - 1 := fun f hf => by
    have := total_le hf; omega
  have pos : 1 ≤ 2 ^ (h + 1) := Nat.one_le_two_pow
  have key : 2 * total n (fun l => t l * v l) + 2 ^ h * n =
      2 * 2 ^ h * total n t + total n v + total n fun l => (v l - 2 ^ h) + (2 ^ h - v l) := by
    rw [Nat.mul_comm 2 (total n _), Nat.mul_comm (2 * 2 ^ h), Nat.mul_comm (2 ^ h), ← total_mul, ← total_mul,
      ← total_const, ← total_add, ← total_add, ← total_add]
    refine total_congr fun l _ => ?_
    rcases bit l with ⟨e, _⟩ | ⟨e, _⟩ <;> rw [e] <;> omega
  show 2 * laneSum w (pack w n v &&& nonnegatives (ones w n) h (pack w n v) * (1 <<< w - 1)) + 1 <<< h * n -
    (2 <<< h * laneSum w (nonnegatives (ones w n) h (pack w n v)) + laneSum w (pack w n v)) = _
  rw [signs, kept, laneSum_pack (lt_total _ fun l hl => ?_), laneSum_pack (lt_total _ fun l hl => ?_),
    laneSum_pack (lt_total _ fun l hl => Nat.le_of_lt (hv l hl)), Nat.one_shiftLeft, Nat.shiftLeft_eq]
  · omega
  · rcases bit l with ⟨e, -⟩ | ⟨e, -⟩ <;> rw [e] <;> omega
  · have := hv l hl
    rcases bit l with ⟨e, -⟩ | ⟨e, -⟩ <;> rw [e] <;> omega

end LeanPythonBridge.Certificate
