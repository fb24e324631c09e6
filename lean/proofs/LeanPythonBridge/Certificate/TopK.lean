module

public import LeanPythonBridge.Certificate.Chunks
public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Certificate.Order

/-!
# `top_k`: the greatest elements of a vector

The vector is the array `values` of doubles, the parameter `k` says how many are asked for, and the answer has the arrays
`top` and `indices`. The certificate is the array `switches` of a Beneš network (`Network`) that brings the greatest
elements to the first places; the numbers 0, 1, …, permuted in the same way, are their indices.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.TopK

open Float64

/-- What certified greatest elements mean, for doubles as their bits: they are the elements at these indices, which
differ, greatest first; and no other element is greater than any of them, by their exact values. -/
structure Greatest (values top indices : List Nat) : Prop where
  /-- Every element is finite. -/
  finite : ∀ x ∈ values, isFinite x = true
  /-- No index comes twice. -/
  nodup : indices.Nodup
  /-- The elements stand at the indices. -/
  elements : indices.map (fun i => values[i]?) = top.map some
  /-- The greatest comes first. -/
  ordered : top.Pairwise fun x y => toRat y ≤ toRat x
  /-- What stands at another index is no greater. -/
  others : ∀ i x, values[i]? = some x → i ∉ indices → ∀ y ∈ top, toRat x ≤ toRat y

/-- The bits of the least finite double: it fills the words that the vector leaves. -/
def lowest : Nat := 0xffefffffffffffff

/-- The numbers 0, 1, …, in `2^rounds` words. -/
def indices (rounds : Nat) : Nat :=
  fold (fun j y => Nat.add y (Nat.shiftLeft (Nat.add y (Nat.mul (ones 64 (Nat.pow 2 j)) (Nat.pow 2 j)))
    (Nat.mul 64 (Nat.pow 2 j)))) 0 rounds

/-- A vector of `n` doubles, and the least double in the other words. -/
def filled (rounds n values : Nat) : Nat :=
  Nat.add values (Nat.shiftLeft (Nat.mul (ones 64 (Nat.sub (Nat.pow 2 rounds) n)) lowest) (Nat.mul 64 n))

/-- The first `n` words. -/
def firstWords (n x : Nat) : Nat := Nat.mod x (Nat.shiftLeft 1 (Nat.mul 64 n))

/-- The test that the first `k` of `lanes` keys are in order, and that none of the others is greater than the last of
them. -/
def checkKeys (lanes k keys : Nat) : Bool :=
  Order.descending k keys && Order.allLe (Nat.sub lanes k) (Nat.shiftRight keys (Nat.mul 64 k))
    (Nat.mul (ones 64 (Nat.sub lanes k)) (lane 64 keys (Nat.sub k 1)))

/-- The test, for frames of `n` doubles, of `k` doubles and of `k` numbers. -/
def checkFrames (rounds n k values top chosen switches : Nat) : Bool :=
  Nat.ble 1 k && Nat.ble k n && Nat.ble n (Nat.pow 2 rounds) && Nat.ble rounds 64 &&
    Nat.beq (Nat.shiftRight values (Nat.mul 64 n)) 0 && Order.finite n values &&
    Order.allLe k chosen (Nat.mul (ones 64 k) (Nat.sub n 1)) &&
    Nat.beq (firstWords k (Network.permute rounds switches (indices rounds))) chosen &&
    withValue (firstWords (Nat.pow 2 rounds) (Network.permute rounds switches (filled rounds n values))) fun y =>
      Nat.beq (firstWords k y) top &&
        withValue (Order.keys (ones 64 (Nat.pow 2 rounds)) y) (checkKeys (Nat.pow 2 rounds) k)

/-! ## Words -/

private theorem element_pack {n i : Nat} {f : Nat → Nat} (h : ∀ i < n, f i < 2 ^ 64) (hi : i < n) :
    element (pack 64 n f) i = f i := by
  rw [← lane_pack h hi]
  show _ = (pack 64 n f >>> (64 * i)) &&& (1 <<< 64 - 1)
  rw [Nat.one_shiftLeft, Nat.and_two_pow_sub_one_eq_mod, Nat.shiftRight_eq_div_pow]
  rfl

private theorem firstWords_eq (n x : Nat) : firstWords n x = pack 64 n (element x) := by
  refine Nat.eq_of_testBit_eq fun i => ?_
  show (x % (1 <<< (64 * n))).testBit i = _
  rw [Nat.one_shiftLeft, Nat.testBit_mod_two_pow, testBit_pack (by decide) fun _ _ => element_lt .., testBit_element,
    decide_eq_true (Nat.mod_lt i (by decide)), Nat.div_add_mod, Bool.true_and]

private theorem element_firstWords {n x i : Nat} (h : i < n) : element (firstWords n x) i = element x i := by
  rw [firstWords_eq, element_pack (fun _ _ => element_lt ..) h]

private theorem indices_eq (rounds : Nat) : indices rounds = pack 64 (2 ^ rounds) id := by
  induction rounds with
  | zero => rfl
  | succ r ih =>
    show indices r + (indices r + ones 64 (2 ^ r) * 2 ^ r) <<< (64 * 2 ^ r) = _
    rw [ih, ones_mul (by decide), pack_add, Nat.shiftLeft_eq, Nat.pow_succ, Nat.mul_two, pack_append]
    congr 2
    exact pack_congr fun i _ => Nat.add_comm _ _

private theorem element_filled {rounds n values i : Nat} (h : values < 2 ^ (64 * n)) (hi : i < n) (hn : n ≤ 2 ^ rounds) :
    element (filled rounds n values) i = element values i := by
  obtain ⟨m, hm⟩ : ∃ m, 2 ^ rounds = n + m := ⟨2 ^ rounds - n, by omega⟩
  have e : filled rounds n values = pack 64 (n + m) fun i => if i < n then element values i else lowest := by
    show values + (ones 64 (2 ^ rounds - n) * lowest) <<< (64 * n) = _
    rw [hm, Nat.add_sub_cancel_left, ones_mul (by decide), Nat.shiftLeft_eq, pack_append]
    congr 1
    · conv => lhs; rw [Order.eq_pack h]
      exact pack_congr fun i hi => by rw [if_pos hi]
    · congr 1
      exact pack_congr fun i _ => by rw [if_neg (by omega)]
  rw [e, element_pack (fun i _ => ?_) (by omega), if_pos hi]
  split
  · exact element_lt ..
  · decide

/-! ## Soundness -/

private theorem checkKeys_sound {lanes k : Nat} {f : Nat → Nat} (hf : ∀ i < lanes, f i < 2 ^ 64) (pos : 1 ≤ k)
    (hk : k ≤ lanes) (h : checkKeys lanes k (pack 64 lanes f) = true) :
    ∀ i j, i < k → i ≤ j → j < lanes → f j ≤ f i := by
  simp only [checkKeys, Bool.and_eq_true] at h
  obtain ⟨descending, rest⟩ := h
  have first := Order.le_of_descending hf hk descending
  intro i j hi le hj
  by_cases inside : j < k
  · exact first i j le inside
  · rw [show (pack 64 lanes f).shiftRight (Nat.mul 64 k) = pack 64 lanes f >>> (64 * k) from rfl,
      Order.pack_shiftRight hf hk, show Nat.sub k 1 = k - 1 from rfl, lane_pack hf (by omega),
      show ∀ a b : Nat, Nat.mul a b = a * b from fun _ _ => rfl, ones_mul (by decide)] at rest
    rw [show Nat.sub lanes k = lanes - k from rfl] at rest
    have last := Order.le_of_allLe (fun i hi => hf _ (by omega)) (fun _ _ => hf _ (by omega)) rest (j - k)
      (by omega)
    rw [Nat.add_sub_cancel' (by omega)] at last
    exact Nat.le_trans last (first i (k - 1) (by omega) (by omega))

private theorem getElem?_doublesOfNat (x n i : Nat) :
    (doublesOfNat x n)[i]? = if i < n then some (element x i) else none := by
  rw [Network.doublesOfNat_eq, List.getElem?_map]
  split
  · rw [List.getElem?_range ‹_›]; rfl
  · rw [List.getElem?_eq_none (by simp; omega)]; rfl

theorem checkFrames_sound {rounds n k values top chosen switches : Nat}
    (h : checkFrames rounds n k values top chosen switches = true) :
    Greatest (doublesOfNat values n) (doublesOfNat top k) (doublesOfNat chosen k) := by
  simp only [checkFrames, withValue_eq, Bool.and_eq_true, Nat.ble_eq, Nat.beq_eq] at h
  obtain ⟨⟨⟨⟨⟨⟨⟨⟨pos, le⟩, room⟩, small⟩, zero⟩, finite⟩, inside⟩, places⟩, tops, keys⟩ := h
  have room : n ≤ 2 ^ rounds := room
  have small : 2 ^ rounds ≤ 2 ^ 64 := Nat.pow_le_pow_right (by decide) small
  have lt : values < 2 ^ (64 * n) := by
    rw [show values.shiftRight (Nat.mul 64 n) = values >>> (64 * n) from rfl, Nat.shiftRight_eq_div_pow,
      Nat.div_eq_zero_iff] at zero
    exact zero.resolve_left (Nat.ne_of_gt (Nat.two_pow_pos _))
  obtain ⟨f, permutes, word⟩ := Network.exists_permutation rounds switches
  have place : ∀ j < k, element chosen j = f j := fun j hj => by
    rw [← places, element_firstWords hj, word, indices_eq,
      element_pack (f := id) (fun i hi => Nat.lt_of_lt_of_le hi small) (permutes.lt _ (by omega)), id]
  have inside : ∀ j < k, f j < n := fun j hj => by
    rw [← places, firstWords_eq, show ∀ a b : Nat, Nat.mul a b = a * b from fun _ _ => rfl, ones_mul (by decide)] at inside
    have := Order.le_of_allLe (fun _ _ => element_lt ..) (fun _ _ => show n - 1 < _ by omega) inside j hj
    rw [← element_firstWords (n := k) hj, places, place j hj] at this
    have : f j ≤ n - 1 := this
    omega
  have value : ∀ j < k, element top j = element values (f j) := fun j hj => by
    rw [← tops, element_firstWords hj, element_firstWords (show j < Nat.pow 2 rounds by show j < 2 ^ rounds; omega), word,
      element_filled lt (inside j hj) room]
  have order := checkKeys_sound (fun _ _ => Order.key_lt _) pos (Nat.le_trans le room) (by
    rw [Order.keys_eq (by rw [firstWords_eq]; exact pack_lt fun _ _ => element_lt ..)] at keys
    exact keys)
  have order : ∀ i j, i < k → i ≤ j → j < 2 ^ rounds → f j < n → toRat (element values (f j)) ≤ toRat (element top i) := by
    intro i j hi hij hj hn
    have := Order.toRat_le_of_key_le (order i j hi hij hj)
    rwa [show Nat.pow 2 rounds = 2 ^ rounds from rfl, element_firstWords hj,
      element_firstWords (Nat.lt_of_le_of_lt hij hj), word, word, element_filled lt hn room,
      element_filled lt (inside i hi) room, ← value i hi] at this
  refine ⟨fun x hx => ?_, ?_, ?_, ?_, fun i x hx hi y hy => ?_⟩
  · rw [Network.doublesOfNat_eq] at hx
    obtain ⟨i, hi, rfl⟩ := List.mem_map.1 hx
    exact Order.finite_sound finite i (List.mem_range.1 hi)
  · rw [Network.doublesOfNat_eq, List.Nodup, List.pairwise_map]
    refine List.pairwise_lt_range.imp_of_mem fun {a b} ha hb lt e => ?_
    have ha := List.mem_range.1 ha
    have hb := List.mem_range.1 hb
    rw [place a ha, place b hb] at e
    have := permutes.inj a (by omega) b (by omega) e
    omega
  · rw [Network.doublesOfNat_eq chosen, Network.doublesOfNat_eq top, List.map_map, List.map_map]
    refine List.map_congr_left fun j hj => ?_
    have hj := List.mem_range.1 hj
    rw [Function.comp_apply, Function.comp_apply, getElem?_doublesOfNat, place j hj, if_pos (inside j hj), value j hj]
  · rw [Network.doublesOfNat_eq, List.pairwise_map]
    refine List.pairwise_lt_range.imp_of_mem fun {a b} ha hb lt => ?_
    have ha := List.mem_range.1 ha
    have hb := List.mem_range.1 hb
    rw [value b hb]
    exact order a b ha (Nat.le_of_lt lt) (by omega) (inside b hb)
  · rw [getElem?_doublesOfNat] at hx
    split at hx
    case isFalse => cases hx
    case isTrue hn =>
      obtain rfl := Option.some.inj hx
      rw [Network.doublesOfNat_eq] at hy hi
      obtain ⟨j, hj, rfl⟩ := List.mem_map.1 hy
      have hj := List.mem_range.1 hj
      obtain ⟨l, hl, rfl⟩ := List.mem_map.1 (permutes.perm.mem_iff.2 (List.mem_range.2 (show i < 2 ^ rounds by omega)))
      have hl := List.mem_range.1 hl
      have beyond : k ≤ l := by
        refine Nat.le_of_not_lt fun lt => hi (List.mem_map.2 ⟨l, List.mem_range.2 lt, place l lt⟩)
      exact order j l hj (by omega) hl hn

/-! ## The operation -/

/-- The vector and the number of elements that a question is about, and nothing else. -/
def asked? (q : Question) : Option (NamedArray × Nat) :=
  match q.params, q.arrays with
  | [("k", .int (.ofNat k))], [array] =>
    if array.name == "values" && array.dtype == .f8 && array.shape.length == 1 then some (array, k) else none
  | _, _ => none

/-- The elements and the indices that an answer gives, `k` of them, and nothing else. -/
def given? (a : Answer) (k : Nat) : Option (NamedArray × NamedArray) :=
  match a.result, a.arrays with
  | [], [top, indices] =>
    if top.name == "top" && top.dtype == .f8 && top.shape == [k] && indices.name == "indices" && indices.dtype == .i8 &&
      indices.shape == [k] then some (top, indices) else none
  | _, _ => none

/-- The switches in a certificate of this kind. -/
def switches? (a : Answer) : Option NamedArray :=
  match a.certificate, a.certificateArrays with
  | [("kind", .string kind)], [array] =>
    if kind == "permutation_network" && array.name == "switches" && array.dtype == .u8 then some array else none
  | _, _ => none

/-- What certified greatest elements mean: the vector, the elements and the indices are those on the wire, there are as
many as were asked for, and they are the greatest. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ values k top indices, asked? q = some (values, k) ∧ given? a k = some (top, indices) ∧ top.shape = [k] ∧
    indices.shape = [k] ∧ Greatest values.doubles top.doubles (doublesOfNat indices.packed k)

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match asked? q with
  | some (values, k) =>
    match given? a k, switches? a with
    | some (top, indices), some switches =>
      top.shape == [k] && indices.shape == [k] && withValue (join values.chunks) fun x =>
        withValue (join top.chunks) fun y => withValue (join indices.chunks) fun i =>
          withValue (join switches.chunks) fun s =>
            checkFrames (Network.roundsFor values.count) values.count k x y i s
    | _, _ => false
  | none => false

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_1 values k asked =>
    split at h
    case h_1 top indices switches given _ =>
      simp only [withValue_eq, join_eq, Bool.and_eq_true, beq_iff_eq] at h
      refine ⟨values, k, top, indices, asked, given, h.1.1, h.1.2, ?_⟩
      have count : top.count = k := by rw [NamedArray.count, h.1.1]; exact Nat.mul_one k
      rw [NamedArray.doubles, NamedArray.doubles, count]
      exact checkFrames_sound h.2
    case h_2 => exact Bool.noConfusion h
  case h_2 => exact Bool.noConfusion h

/-- The greatest elements of a vector. -/
def operation : CertifiedOperation where
  name := "top_k"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.TopK
