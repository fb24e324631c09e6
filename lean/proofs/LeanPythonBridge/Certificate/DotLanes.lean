module

public import LeanPythonBridge.Certificate.Units

/-!
# A dot product in one multiplication

Two rows in lanes, one of them in reverse, are polynomials at a power of two; the coefficient in the middle of their
product is the dot product (Kronecker substitution).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

/-- The first `n` values in lanes, the first one most significant. -/
def packReversed (w n : Nat) (f : Nat → Nat) : Nat :=
  fold (fun l y => Nat.add (Nat.shiftLeft y w) (f l)) 0 n

/-- The dot product of `n` lanes with `n` in reverse. -/
def dotLanes (w n x reversed : Nat) : Nat := lane w (Nat.mul x reversed) (Nat.sub n 1)

variable {w n : Nat} {f g : Nat → Nat}

/-- Lanes in reverse, as a sum. -/
theorem packReversed_eq : packReversed w n g = total n fun j => g j * 2 ^ (w * (n - 1 - j)) := by
  induction n with
  | zero => rfl
  | succ n ih =>
    show packReversed w n g <<< w + g n = _
    rw [ih, Nat.shiftLeft_eq, total, ← total_mul, Nat.add_sub_cancel, Nat.sub_self, Nat.mul_zero, Nat.pow_zero,
      Nat.mul_one]
    refine congrArg (· + g n) (total_congr fun j hj => ?_)
    rw [Nat.mul_assoc, ← Nat.pow_add]
    congr 2
    rw [← Nat.mul_succ]
    congr 1
    omega

theorem packReversed_congr (h : ∀ i < n, f i = g i) : packReversed w n f = packReversed w n g := by
  rw [packReversed_eq, packReversed_eq]
  exact total_congr fun j hj => by rw [h j hj]

private theorem total_pack_mul {count : Nat} {c : Nat → Nat} {h : Nat → Nat → Nat} {m : Nat} :
    (total count fun j => c j * pack w m (h j)) = pack w m fun i => total count fun j => c j * h j i := by
  induction count with
  | zero => exact pack_zero.symm
  | succ count ih => rw [total, ih, mul_pack, pack_add]; rfl

/-- Lanes moved up, with zeros around them. -/
private theorem pack_shift {k : Nat} (hk : k ≤ n) :
    pack w n f * 2 ^ (w * k) = pack w (2 * n) fun i => if k ≤ i ∧ i < k + n then f (i - k) else 0 := by
  obtain ⟨rest, hr⟩ : ∃ rest, 2 * n = k + (n + rest) := ⟨n - k, by omega⟩
  rw [hr, pack_append, pack_append, pack_congr (n := k) (g := fun _ => 0) (fun i hi => if_neg (by omega)), pack_zero,
    pack_congr (n := rest) (g := fun _ => 0) (fun i hi => if_neg (by omega)), pack_zero, Nat.zero_add, Nat.zero_mul,
    Nat.add_zero]
  congr 1
  refine pack_congr fun i hi => ?_
  rw [if_pos (by omega), Nat.add_sub_cancel_left]

/-- The coefficient in the middle is the dot product. -/
theorem dotLanes_eq {a b : Nat} (hn : 0 < n) (hf : ∀ i < n, f i ≤ a) (hg : ∀ i < n, g i ≤ b)
    (room : n * (b * a) < 2 ^ w) : dotLanes w n (pack w n f) (packReversed w n g) = total n fun i => f i * g i := by
  have product : pack w n f * packReversed w n g = pack w (2 * n) fun i => total n fun j =>
      g j * if n - 1 - j ≤ i ∧ i < n - 1 - j + n then f (i - (n - 1 - j)) else 0 := by
    rw [packReversed_eq, Nat.mul_comm, ← total_mul, ← total_pack_mul]
    refine total_congr fun j _ => ?_
    rw [← pack_shift (by omega), Nat.mul_right_comm, Nat.mul_assoc]
  show lane w (pack w n f * packReversed w n g) (n - 1) = _
  rw [product, lane_pack (fun i _ => ?_) (by omega)]
  · refine total_congr fun j hj => ?_
    rw [if_pos (by omega), Nat.mul_comm]
    congr 2
    omega
  · refine Nat.lt_of_le_of_lt (total_le fun j hj => Nat.mul_le_mul (hg j hj) ?_) room
    split
    · exact hf _ (by omega)
    · exact Nat.zero_le _

/-- Lanes in reverse have the same sum. -/
theorem laneSum_packReversed (h : total n g < 2 ^ w - 1) : laneSum w (packReversed w n g) = total n g := by
  have step : ∀ e : Nat → Nat, ∀ m, total m (fun j => g j * 2 ^ (w * e j)) % (2 ^ w - 1) = total m g % (2 ^ w - 1) := by
    intro e m
    induction m with
    | zero => rfl
    | succ m ih => rw [total, total, Nat.add_mod, ih, Nat.mul_mod, two_pow_mul_mod, ← Nat.mul_mod, Nat.mul_one, ← Nat.add_mod]
  show packReversed w n g % (1 <<< w - 1) = _
  rw [Nat.one_shiftLeft, packReversed_eq, step fun j => n - 1 - j, Nat.mod_eq_of_lt h]

end LeanPythonBridge.Certificate
