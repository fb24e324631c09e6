module

/-!
# Bytes as lists

What every wire format needs: big-endian naturals, UTF-8, bytes packed in one `Nat` literal, and a small
parser. All of it is structural recursion over `List` and `Nat`, so that the kernel can evaluate it, and
everything read back from what was written is proven to be what was written.
-/

@[expose] public section

namespace LeanPythonBridge.Bytes

/-! ## Big-endian naturals -/

/-- The lowest `count` bytes of a natural number, most significant first. -/
def encodeNat : (count : Nat) → (n : Nat) → List UInt8
  | 0, _ => []
  | count + 1, n => UInt8.ofNat (n / 256 ^ count) :: encodeNat count n

/-- Continue reading a big-endian natural number whose bytes so far were `acc`. -/
def natOfBytesFrom (acc : Nat) : List UInt8 → Nat
  | [] => acc
  | b :: bs => natOfBytesFrom (acc * 256 + b.toNat) bs

/-- The natural number written by these bytes, most significant first. -/
def natOfBytes (bytes : List UInt8) : Nat := natOfBytesFrom 0 bytes

@[simp] theorem length_encodeNat (count n : Nat) : (encodeNat count n).length = count := by
  induction count with
  | zero => rfl
  | succ count ih => simp [encodeNat, ih]

/-- Reading on after `acc` weighs `acc` by the bytes that follow it. -/
theorem natOfBytesFrom_eq (bytes : List UInt8) :
    ∀ acc, natOfBytesFrom acc bytes = acc * 256 ^ bytes.length + natOfBytes bytes := by
  induction bytes with
  | nil => simp [natOfBytes, natOfBytesFrom]
  | cons b bs ih =>
    intro acc
    simp only [natOfBytes, natOfBytesFrom, List.length_cons, ih (acc * 256 + _), ih (0 * 256 + _),
      Nat.pow_succ]
    grind

/-- The first byte weighs most. -/
theorem natOfBytes_cons (b : UInt8) (bs : List UInt8) :
    natOfBytes (b :: bs) = b.toNat * 256 ^ bs.length + natOfBytes bs := by
  simp [natOfBytes, natOfBytesFrom, natOfBytesFrom_eq bs b.toNat]

/-- Reading what `encodeNat` wrote gives the number, cut to the bytes there were. -/
theorem natOfBytes_encodeNat_mod (count n : Nat) :
    natOfBytes (encodeNat count n) = n % 256 ^ count := by
  induction count with
  | zero => simp [encodeNat, natOfBytes, natOfBytesFrom, Nat.mod_one]
  | succ count ih =>
    rw [encodeNat, natOfBytes_cons, ih, length_encodeNat, Nat.pow_succ, Nat.mod_mul]
    simp [Nat.mul_comm, Nat.add_comm]

/-- Reading what `encodeNat` wrote gives the number back, when it has room. -/
theorem natOfBytes_encodeNat {count n : Nat} (h : n < 256 ^ count) :
    natOfBytes (encodeNat count n) = n := by
  rw [natOfBytes_encodeNat_mod, Nat.mod_eq_of_lt h]

/-- A number read from bytes has room in as many. -/
theorem natOfBytes_lt (bytes : List UInt8) : natOfBytes bytes < 256 ^ bytes.length := by
  induction bytes with
  | nil => simp [natOfBytes, natOfBytesFrom]
  | cons b bs ih =>
    have h : b.toNat * 256 ^ bs.length ≤ 255 * 256 ^ bs.length :=
      Nat.mul_le_mul_right _ (Nat.le_of_lt_succ b.toNat_lt)
    rw [natOfBytes_cons, List.length_cons, Nat.pow_succ]
    omega

/-- Multiples of the weight above the bytes do not show in them. -/
theorem encodeNat_mul_add (count high low : Nat) :
    ∀ k, k ≤ count → encodeNat k (high * 256 ^ count + low) = encodeNat k low := by
  intro k
  induction k with
  | zero => simp [encodeNat]
  | succ k ih =>
    intro h
    obtain ⟨d, rfl⟩ : ∃ d, count = k + 1 + d := ⟨count - (k + 1), by omega⟩
    have e : high * 256 ^ (k + 1 + d) + low = 256 ^ k * (256 * (high * 256 ^ d)) + low := by
      rw [Nat.pow_add, Nat.pow_succ]; grind
    rw [encodeNat, encodeNat, ih (by omega), e, Nat.mul_add_div (Nat.pow_pos (by decide))]
    congr 1
    simp

/-- Writing the number that bytes were read as gives the bytes back. -/
theorem encodeNat_natOfBytes (bytes : List UInt8) :
    encodeNat bytes.length (natOfBytes bytes) = bytes := by
  induction bytes with
  | nil => rfl
  | cons b bs ih =>
    rw [natOfBytes_cons, List.length_cons, encodeNat, encodeNat_mul_add _ _ _ _ (Nat.le_refl _), ih,
      Nat.mul_comm, Nat.mul_add_div (Nat.pow_pos (by decide)),
      Nat.div_eq_of_lt (natOfBytes_lt bs), Nat.add_zero, UInt8.ofNat_toNat]

/-! ## Bytes packed in one literal -/

/-- The lowest eight bytes of a number, and what follows them. Spelled out, with the functions of `Nat`
that the kernel knows by name: it is where most of the time goes. -/
def wordBefore (n : Nat) (rest : List UInt8) : List UInt8 :=
  UInt8.ofNat (n.shiftRight 56) :: UInt8.ofNat (n.shiftRight 48) ::
  UInt8.ofNat (n.shiftRight 40) :: UInt8.ofNat (n.shiftRight 32) ::
  UInt8.ofNat (n.shiftRight 24) :: UInt8.ofNat (n.shiftRight 16) ::
  UInt8.ofNat (n.shiftRight 8) :: UInt8.ofNat n :: rest

/-- `bytesOfNat` with what follows the bytes; halves until eight bytes are left, `fuel` times at most. -/
def bytesOfNatBefore : (fuel count n : Nat) → List UInt8 → List UInt8
  | 0, count, n, rest => encodeNat count n ++ rest
  | fuel + 1, count, n, rest =>
    if count = 8 then wordBefore n rest
    else if count < 8 then encodeNat count n ++ rest
    else
      let low := Nat.mul 8 (Nat.div (Nat.add count 8) 16)
      let bits := Nat.mul 8 low
      bytesOfNatBefore fuel (Nat.sub count low) (Nat.shiftRight n bits)
        (bytesOfNatBefore fuel low (Nat.mod n (Nat.pow 2 bits)) rest)

/-- `count` bytes packed in one number, most significant first. It says the same as `encodeNat`
(`bytesOfNat_eq`), and the kernel needs about `n log n` time for it instead of `n²`. -/
def bytesOfNat (n count : Nat) : List UInt8 := bytesOfNatBefore count count n []

/-- The bytes of a number are those of its high part, then those of its low part. -/
theorem encodeNat_add (high low n : Nat) :
    encodeNat (high + low) n = encodeNat high (n / 256 ^ low) ++ encodeNat low n := by
  induction high with
  | zero => simp [encodeNat]
  | succ high ih =>
    rw [Nat.add_right_comm, encodeNat, encodeNat, ih, Nat.pow_add, Nat.mul_comm (256 ^ high),
      Nat.div_div_eq_div_mul, List.cons_append]

/-- Bytes above the lowest `count` do not show in them. -/
theorem encodeNat_mod (count n : Nat) : encodeNat count (n % 256 ^ count) = encodeNat count n := by
  conv => rhs; rw [← Nat.div_add_mod' n (256 ^ count)]
  exact (encodeNat_mul_add _ _ _ _ (Nat.le_refl _)).symm

theorem wordBefore_eq (n : Nat) (rest : List UInt8) : wordBefore n rest = encodeNat 8 n ++ rest := by
  have e (bits : Nat) : n.shiftRight bits = n / 2 ^ bits := Nat.shiftRight_eq_div_pow n bits
  simp [wordBefore, encodeNat, e]

theorem bytesOfNatBefore_eq (fuel : Nat) :
    ∀ count n rest, bytesOfNatBefore fuel count n rest = encodeNat count n ++ rest := by
  induction fuel with
  | zero => exact fun _ _ _ => rfl
  | succ fuel ih =>
    intro count n rest
    rw [bytesOfNatBefore]
    split
    · subst count; exact wordBefore_eq n rest
    split
    · rfl
    · change bytesOfNatBefore fuel (count - 8 * ((count + 8) / 16)) (n >>> (8 * (8 * ((count + 8) / 16))))
        (bytesOfNatBefore fuel (8 * ((count + 8) / 16))
          (n % 2 ^ (8 * (8 * ((count + 8) / 16)))) rest) = _
      have le : 8 * ((count + 8) / 16) ≤ count := by omega
      generalize 8 * ((count + 8) / 16) = low at *
      rw [ih, ih, Nat.shiftRight_eq_div_pow, Nat.pow_mul, encodeNat_mod, ← List.append_assoc,
        ← encodeNat_add, Nat.sub_add_cancel le]

/-- `bytesOfNat` is `encodeNat`, only faster. -/
theorem bytesOfNat_eq (n count : Nat) : bytesOfNat n count = encodeNat count n := by
  simp [bytesOfNat, bytesOfNatBefore_eq]

/-- Packing bytes in a number and unpacking it gives them back. -/
theorem bytesOfNat_natOfBytes (bytes : List UInt8) :
    bytesOfNat (natOfBytes bytes) bytes.length = bytes := by
  rw [bytesOfNat_eq, encodeNat_natOfBytes]

/-- Unpacking a number and packing the bytes gives it back, when they have room for it. -/
theorem natOfBytes_bytesOfNat {n count : Nat} (h : n < 256 ^ count) :
    natOfBytes (bytesOfNat n count) = n := by
  rw [bytesOfNat_eq, natOfBytes_encodeNat h]

/-! ## UTF-8 -/

/-- The UTF-8 bytes of characters. -/
def utf8Encode : List Char → List UInt8
  | [] => []
  | c :: cs => String.utf8EncodeChar c ++ utf8Encode cs

/-- Decode UTF-8. `done` holds the characters so far, last first; `more` bytes of the current one are
missing, of which `value` is known and which must not be less than `lowest` (else it is overlong). -/
def utf8DecodeFrom (done : List Char) (more lowest value : Nat) : List UInt8 → Option (List Char)
  | [] => if more = 0 then some done.reverse else none
  | b :: bs =>
    let n := b.toNat
    match more with
    | 0 =>
      if n < 0x80 then utf8DecodeFrom (Char.ofNat n :: done) 0 0 0 bs
      else if n < 0xc0 then none
      else if n < 0xe0 then utf8DecodeFrom done 1 0x80 (n - 0xc0) bs
      else if n < 0xf0 then utf8DecodeFrom done 2 0x800 (n - 0xe0) bs
      else if n < 0xf8 then utf8DecodeFrom done 3 0x10000 (n - 0xf0) bs
      else none
    | more + 1 =>
      if n < 0x80 then none
      else if 0xc0 ≤ n then none
      else
        let value := value * 64 + (n - 0x80)
        if more ≠ 0 then utf8DecodeFrom done more lowest value bs
        else if value < lowest then none
        else if value.isValidChar then utf8DecodeFrom (Char.ofNat value :: done) 0 0 0 bs
        else none

/-- The characters of UTF-8 bytes. Overlong forms, surrogates and numbers above `U+10FFFF` are refused. -/
def utf8Decode (bytes : List UInt8) : Option (List Char) := utf8DecodeFrom [] 0 0 0 bytes

/-- A continuation byte adds its six bits. -/
theorem utf8DecodeFrom_continuation (done : List Char) (more lowest value x : Nat) (bs : List UInt8)
    (h : x < 64) :
    utf8DecodeFrom done (more + 1) lowest value (UInt8.ofNat (x + 128) :: bs) =
      if more ≠ 0 then utf8DecodeFrom done more lowest (value * 64 + x) bs
      else if value * 64 + x < lowest then none
      else if (value * 64 + x).isValidChar
      then utf8DecodeFrom (Char.ofNat (value * 64 + x) :: done) 0 0 0 bs
      else none := by
  have e : (UInt8.ofNat (x + 128)).toNat = x + 128 := by simp; omega
  have a : ¬ x + 128 < 0x80 := by omega
  have b : ¬ 0xc0 ≤ x + 128 := by omega
  have c : x + 128 - 0x80 = x := by omega
  rw [utf8DecodeFrom]
  simp only [e, a, b, c, if_false]

/-- A leading byte starts a character of more bytes. -/
theorem utf8DecodeFrom_leading (done : List Char) (x base more lowest : Nat) (bs : List UInt8)
    (h : (base = 0xc0 ∧ more = 1 ∧ lowest = 0x80 ∧ x < 32) ∨
      (base = 0xe0 ∧ more = 2 ∧ lowest = 0x800 ∧ x < 16) ∨
      (base = 0xf0 ∧ more = 3 ∧ lowest = 0x10000 ∧ x < 8)) :
    utf8DecodeFrom done 0 0 0 (UInt8.ofNat (x + base) :: bs)
      = utf8DecodeFrom done more lowest x bs := by
  have e : (UInt8.ofNat (x + base)).toNat = x + base := by simp; omega
  rw [utf8DecodeFrom]
  simp only [e]
  rcases h with ⟨rfl, rfl, rfl, _⟩ | ⟨rfl, rfl, rfl, _⟩ | ⟨rfl, rfl, rfl, _⟩ <;> grind

/-- Decoding the bytes of one character and going on. -/
theorem utf8DecodeFrom_encodeChar (done : List Char) (c : Char) (bs : List UInt8) :
    utf8DecodeFrom done 0 0 0 (String.utf8EncodeChar c ++ bs)
      = utf8DecodeFrom (c :: done) 0 0 0 bs := by
  have valid : c.toNat.isValidChar := c.valid
  have bound : c.toNat < 0x110000 := by
    rcases valid with h | h <;> omega
  have back : Char.ofNat c.toNat = c := Char.ofNat_toNat c
  simp only [String.utf8EncodeChar, show c.val.toNat = c.toNat from rfl]
  generalize c.toNat = n at *
  split
  · have e : (UInt8.ofNat n).toNat = n := by simp; omega
    rw [List.singleton_append, utf8DecodeFrom]
    simp only [e, back, show n < 0x80 by omega, if_true]
  split
  · have v : n / 64 % 32 * 64 + n % 64 = n := by omega
    simp only [List.cons_append, List.nil_append]
    rw [utf8DecodeFrom_leading (h := .inl ⟨rfl, rfl, rfl, by omega⟩),
      utf8DecodeFrom_continuation (h := by omega)]
    simp [v, valid, back, show ¬ n < 0x80 by omega]
  split
  · have v : (n / 4096 % 16 * 64 + n / 64 % 64) * 64 + n % 64 = n := by omega
    simp only [List.cons_append, List.nil_append]
    rw [utf8DecodeFrom_leading (h := .inr (.inl ⟨rfl, rfl, rfl, by omega⟩)),
      utf8DecodeFrom_continuation (h := by omega), if_pos (by decide),
      utf8DecodeFrom_continuation (h := by omega)]
    simp [v, valid, back, show ¬ n < 0x800 by omega]
  · have v : ((n / 262144 % 8 * 64 + n / 4096 % 64) * 64 + n / 64 % 64) * 64 + n % 64 = n := by omega
    simp only [List.cons_append, List.nil_append]
    rw [utf8DecodeFrom_leading (h := .inr (.inr ⟨rfl, rfl, rfl, by omega⟩)),
      utf8DecodeFrom_continuation (h := by omega), if_pos (by decide),
      utf8DecodeFrom_continuation (h := by omega), if_pos (by decide),
      utf8DecodeFrom_continuation (h := by omega)]
    simp [v, valid, back, show ¬ n < 0x10000 by omega]

theorem utf8DecodeFrom_utf8Encode (cs : List Char) :
    ∀ done, utf8DecodeFrom done 0 0 0 (utf8Encode cs) = some (done.reverse ++ cs) := by
  induction cs with
  | nil => simp [utf8Encode, utf8DecodeFrom]
  | cons c cs ih => simp [utf8Encode, utf8DecodeFrom_encodeChar, ih]

/-- Decoding what was encoded gives the characters back. -/
theorem utf8Decode_utf8Encode (cs : List Char) : utf8Decode (utf8Encode cs) = some cs := by
  simp [utf8Decode, utf8DecodeFrom_utf8Encode]

/-- The UTF-8 bytes of a string: those it is stored as. The kernel needs quadratic time for this, when
the string is a literal; `utf8Encode` of a list of characters is linear. -/
def ofString (s : String) : List UInt8 := s.toByteArray.data.toList

/-- `ofString` as it is compiled. The compiler hands `String.toByteArray` a reference of its own, and the runtime's
function does not give it back: each call would leave a string behind. -/
def ofStringThroughUTF8 (s : String) : List UInt8 := s.toUTF8.data.toList

@[csimp] theorem ofString_eq_ofStringThroughUTF8 : @ofString = @ofStringThroughUTF8 := by
  funext s
  rw [ofString, ofStringThroughUTF8, String.toUTF8_eq_toByteArray]

/-- The string of UTF-8 bytes. -/
def toString? (bytes : List UInt8) : Option String :=
  match utf8Decode bytes with
  | some cs => some (String.ofList cs)
  | none => none

/-- The bytes of a string of given characters. -/
theorem ofString_ofList (cs : List Char) : ofString (String.ofList cs) = utf8Encode cs := by
  have e : utf8Encode cs = cs.flatMap String.utf8EncodeChar := by
    induction cs with
    | nil => rfl
    | cons c cs ih => simp [utf8Encode, ih]
  simp [ofString, String.ofList, List.utf8Encode, e]

/-- The bytes of a string are those of its characters. -/
theorem ofString_eq (s : String) : ofString s = utf8Encode s.toList := by
  rw [← ofString_ofList, String.ofList_toList]

/-- Decoding the bytes of a string gives the string back. -/
theorem toString?_ofString (s : String) : toString? (ofString s) = some s := by
  simp [toString?, ofString_eq, utf8Decode_utf8Encode]

/-- A string has as many bytes as it says. -/
theorem length_ofString (s : String) : (ofString s).length = s.utf8ByteSize := rfl

end LeanPythonBridge.Bytes
