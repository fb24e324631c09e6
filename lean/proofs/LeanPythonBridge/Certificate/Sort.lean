module

public import LeanPythonBridge.Certificate.Chunks
public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Certificate.Order

/-!
# `sort`: the elements of a vector in order

The vector is the array `values` of doubles, the answer the array `sorted`. The certificate is the array `switches` of a
Beneš network (`Network`) that permutes the one to the other: checking it takes a few operations on whole frames for each
of its stages, and no step for an element.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Sort

open Float64

/-- What a certified sort means, for doubles as their bits: the same elements, bit by bit and as often, in the order of
their exact values. −0.0 and 0.0 may come in either order. -/
structure Sorted (values sorted : List Nat) : Prop where
  /-- Every element is finite. -/
  finite : ∀ x ∈ values, isFinite x = true
  /-- The elements are the same. -/
  perm : sorted.Perm values
  /-- No element is less than one before it. -/
  ordered : sorted.Pairwise fun x y => toRat x ≤ toRat y

/-- The test, for frames of `n` doubles. -/
def checkFrames (n values sorted switches : Nat) : Bool :=
  Nat.beq (Nat.shiftRight values (Nat.mul 64 n)) 0 && Nat.beq (Nat.shiftRight sorted (Nat.mul 64 n)) 0 &&
    Order.finite n values && withValue (Order.keys (ones 64 n) sorted) (Order.ascending n) &&
    Nat.beq (Network.permute (Network.roundsFor n) switches values) sorted

theorem checkFrames_sound {n values sorted switches : Nat} (h : checkFrames n values sorted switches = true) :
    Sorted (doublesOfNat values n) (doublesOfNat sorted n) := by
  simp only [checkFrames, withValue_eq, Bool.and_eq_true, Nat.beq_eq] at h
  obtain ⟨⟨⟨⟨hx, hy⟩, finite⟩, ascending⟩, permuted⟩ := h
  have lt : ∀ {x}, x.shiftRight (Nat.mul 64 n) = 0 → x < 2 ^ (64 * n) := fun {x} h => by
    rw [show x.shiftRight (Nat.mul 64 n) = x >>> (64 * n) from rfl, Nat.shiftRight_eq_div_pow,
      Nat.div_eq_zero_iff] at h
    exact h.resolve_left (Nat.ne_of_gt (Nat.two_pow_pos _))
  rw [Order.keys_eq (lt hy)] at ascending
  refine ⟨fun x hx => ?_, Network.perm_of_permute (lt hx) (lt hy) (Network.le_two_pow_roundsFor n) permuted, ?_⟩
  · rw [Network.doublesOfNat_eq] at hx
    obtain ⟨i, hi, rfl⟩ := List.mem_map.1 hx
    exact Order.finite_sound finite i (List.mem_range.1 hi)
  · rw [Network.doublesOfNat_eq, List.pairwise_map]
    exact List.pairwise_lt_range.imp_of_mem fun {i j} _ hj lt => Order.toRat_le_of_key_le
      (Order.le_of_ascending (fun _ _ => Order.key_lt _) (Nat.le_refl n) ascending i j (Nat.le_of_lt lt) (List.mem_range.1 hj))

/-! ## The operation -/

/-- The only one of some arrays, when it is a vector of doubles with this name. -/
def vector? (name : String) : List NamedArray → Option NamedArray
  | [array] => if array.name == name && array.dtype == .f8 && array.shape.length == 1 then some array else none
  | _ => none

/-- The vector that a question is about, and nothing else. -/
def values? (q : Question) : Option NamedArray := if q.params.isEmpty then vector? "values" q.arrays else none

/-- The vector that an answer gives, and nothing else. -/
def sorted? (a : Answer) : Option NamedArray := if a.result.isEmpty then vector? "sorted" a.arrays else none

/-- The switches in a certificate of this kind. -/
def switches? (a : Answer) : Option NamedArray :=
  match a.certificate, a.certificateArrays with
  | [("kind", .string kind)], [array] =>
    if kind == "permutation_network" && array.name == "switches" && array.dtype == .u8 then some array else none
  | _, _ => none

/-- What a certified sort means: the vectors are those on the wire, of one length, and one is the other in order. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ values sorted, values? q = some values ∧ sorted? a = some sorted ∧ sorted.shape = values.shape ∧
    Sorted values.doubles sorted.doubles

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match values? q, sorted? a, switches? a with
  | some values, some sorted, some switches =>
    sorted.shape == values.shape && withValue (join values.chunks) fun x => withValue (join sorted.chunks) fun y =>
      withValue (join switches.chunks) fun s => checkFrames values.count x y s
  | _, _, _ => false

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_1 values sorted switches hv hs _ =>
    simp only [withValue_eq, join_eq, Bool.and_eq_true, beq_iff_eq] at h
    refine ⟨values, sorted, hv, hs, h.1, ?_⟩
    have := checkFrames_sound h.2
    rw [NamedArray.doubles, NamedArray.doubles, NamedArray.count, NamedArray.count, h.1]
    exact this
  case h_2 => exact Bool.noConfusion h

/-- The elements of a vector in order. -/
def operation : CertifiedOperation where
  name := "sort"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.Sort
