module

public import LeanPythonBridge.Certificate.SumReading
public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Certificate.SumLanes

/-!
# `matrix_sum`: the sum of all elements of a matrix

The matrix is the array `matrix`, of doubles in two dimensions, or stands in the parameters. What the certificate says,
and what is proven of it, is in `CertificateSum`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.MatrixSum

open CertificateSum

/-- Where the elements of a matrix stand. -/
inductive Elements where
  /-- In the frame of an array. -/
  | frame (array : NamedArray)
  /-- In the parameters; as their bits. -/
  | inline (elements : List Nat)

/-- The elements in C order, as their bits. -/
def Elements.doubles : Elements → List Nat
  | .frame array => array.doubles
  | .inline elements => elements

/-- Whether a shape has two dimensions. -/
def isMatrix : List Nat → Bool
  | [_, _] => true
  | _ => false

/-- The matrix that a question is about: one array `matrix` and nothing else, or one parameter `matrix`. -/
def matrix? (q : Question) : Option Elements :=
  match q.arrays with
  | [] => (elementsOfParams? (.map q.params)).map .inline
  | [array] =>
    if q.params.isEmpty && array.name == "matrix" && array.dtype == .f8 && isMatrix array.shape then some (.frame array)
    else none
  | _ => none

/-- The sum that an answer gives, and nothing else. -/
def sum? (a : Answer) : Option UInt64 :=
  match a.result, a.arrays with
  | [(key, .float sum)], [] => if key == "sum" then some sum else none
  | _, _ => none

/-- What a certified sum means: the elements are those on the wire, the sum is the one in the reply, and the certificate
in the reply is true of their exact values. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ elements sum certificate, matrix? q = some elements ∧ sum? a = some sum ∧
    Certificate.ofValue? (.map a.certificate) = some certificate ∧
    Certified elements.doubles sum.toNat certificate

/-- Values with absolute values from about `10^(-14)` to `10^6`, which fit into lanes of two words. -/
def narrow : Range := ⟨975, 1045⟩

/-- Values with absolute values from about `10^(-39)` to `10^20`, which fit into lanes of four words. -/
def wide : Range := ⟨893, 1091⟩

/-- The test of a certificate for the sum of a frame: in lanes where the exponents of the data allow that, which takes a
sixth of the time. -/
def checkFrame (chunks : List Nat) (count sum : Nat) (certificate : CertificateSum.Certificate) : Bool :=
  checkSumLanes narrow 2 chunks count sum certificate || checkSumLanes wide 4 chunks count sum certificate ||
    checkChunks chunks count sum certificate

theorem checkFrame_sound {chunks : List Nat} {count sum : Nat} {certificate : CertificateSum.Certificate}
    (h : checkFrame chunks count sum certificate = true) :
    Certified (Float64.doublesOfNat (Float64.joinChunks chunks) count) sum certificate := by
  simp only [checkFrame, Bool.or_eq_true] at h
  exact h.elim (·.elim checkSumLanes_sound checkSumLanes_sound) checkChunks_sound

/-- The test of a certificate for a sum of these elements. -/
def Elements.check (sum : Nat) (certificate : CertificateSum.Certificate) : Elements → Bool
  | .frame array => checkFrame array.chunks array.count sum certificate
  | .inline elements => CertificateSum.check elements sum certificate

theorem Elements.check_sound {elements : Elements} (h : elements.check sum certificate = true) :
    Certified elements.doubles sum certificate := by
  cases elements with
  | frame array => exact checkFrame_sound h
  | inline elements => exact CertificateSum.check_sound h

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match matrix? q, sum? a, Certificate.ofValue? (.map a.certificate) with
  | some elements, some sum, some certificate => elements.check sum.toNat certificate
  | _, _, _ => false

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_1 elements sum certificate matrix result entries =>
    exact ⟨elements, sum, certificate, matrix, result, entries, Elements.check_sound h⟩
  case h_2 => exact Bool.noConfusion h

/-- The sum of all elements of a matrix. -/
def operation : CertifiedOperation where
  name := "matrix_sum"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.MatrixSum
