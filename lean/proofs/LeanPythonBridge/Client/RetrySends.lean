module

public import LeanPythonBridge.Client.Retry

/-! # The Lazy Pirate client: its pauses, its sends and its socket -/

@[expose] public section

namespace LeanPythonBridge.Retry

universe u
variable {α : Type u} {config : Config}

/-! ## Backoff -/

/-- The ceiling of a pause is at most `backoffMaxMs`. -/
theorem backoffCeilingMs_le (config : Config) (k : Nat) : backoffCeilingMs config k ≤ config.backoffMaxMs := by
  cases k <;> simp only [backoffCeilingMs] <;> omega

/-- The ceiling is the doubled base, capped. -/
theorem backoffCeilingMs_eq (config : Config) (k : Nat) :
    backoffCeilingMs config k = min (config.backoffBaseMs * 2 ^ k) config.backoffMaxMs := by
  induction k with
  | zero => simp [backoffCeilingMs]
  | succ k ih => rw [backoffCeilingMs, ih, Nat.pow_succ, ← Nat.mul_assoc]; omega

/-- Whatever the random number, a pause is at most its ceiling. -/
theorem backoffMs_le_ceiling (config : Config) (tries random : Nat) :
    backoffMs config tries random ≤ backoffCeilingMs config (tries - 1) := Nat.sub_le _ _

/-- Whatever the random number, a pause is at least half its ceiling. -/
theorem ceiling_le_two_mul_backoffMs (config : Config) (tries random : Nat) :
    backoffCeilingMs config (tries - 1) ≤ 2 * backoffMs config tries random := by
  have := Nat.mod_lt random (show 0 < backoffCeilingMs config (tries - 1) / 2 + 1 by omega)
  simp only [backoffMs]; omega

/-- A pause is at most `backoffMaxMs`. -/
theorem backoffMs_le (config : Config) (tries random : Nat) :
    backoffMs config tries random ≤ config.backoffMaxMs :=
  Nat.le_trans (backoffMs_le_ceiling ..) (backoffCeilingMs_le ..)

/-- When an event happened, if it tells. -/
def Event.nowMs? : Event α → Option Nat
  | .start nowMs | .sendFailure _ nowMs _ | .tick nowMs _ => some nowMs
  | .reply _ _ => none

/-- The pause that an event causes ends between its own time and `backoffMaxMs` later. -/
theorem wait_bounds {s : State} {event : Event α} {untilMs : Nat} (h : .wait untilMs ∈ (step config s event).2) :
    ∃ nowMs, event.nowMs? = some nowMs ∧ nowMs ≤ untilMs ∧ untilMs ≤ nowMs + config.backoffMaxMs := by
  have := backoffMs_le config s.tries
  cases event with
  | reply id payload => grind [= step.eq_def]
  | start nowMs | sendFailure _ nowMs _ | tick nowMs _ =>
    exact ⟨nowMs, rfl, by grind [= step.eq_def, sendNow, failed]⟩

/-! ## Reachable states -/

/-- What holds of every state that a run reaches. -/
def Valid (config : Config) (s : State) : Prop :=
  match s.phase with
  | .idle => s.tries = 0
  | .awaitingReply _ => 0 < s.tries ∧ s.tries ≤ config.maxTries
  | .backingOff _ => 0 < s.tries ∧ s.tries < config.maxTries
  | .delivered => 0 < s.tries ∧ s.tries ≤ config.maxTries
  | .gaveUp => s.tries = config.maxTries

/-- The first state is valid. -/
theorem valid_init (config : Config) (id : String) : Valid config (.init id) := rfl

/-- A step leads from a valid state to a valid state. -/
theorem valid_step {s : State} (h : Valid config s) (event : Event α) : Valid config (step config s event).1 := by
  have := config.maxTries_pos
  grind [Valid, = step.eq_def, sendNow, failed]

/-- A run leads from a valid state to a valid state. -/
theorem valid_run {s : State} (h : Valid config s) (events : List (Event α)) :
    Valid config (run config s events).1 := by
  induction events generalizing s with
  | nil => exact h
  | cons event events ih => exact ih (valid_step h event)

/-- The id never changes. -/
theorem id_step (s : State) (event : Event α) : (step config s event).1.id = s.id := by
  grind [= step.eq_def, sendNow, failed]

/-! ## At most `maxTries` sends -/

/-- How many of the actions satisfy `p`. -/
def count (p : Action α → Bool) : List (Action α) → Nat
  | [] => 0
  | action :: actions => (if p action then 1 else 0) + count p actions

/-- Counting goes over to the parts. -/
theorem count_append (p : Action α → Bool) (xs ys : List (Action α)) :
    count p (xs ++ ys) = count p xs + count p ys := by
  induction xs with
  | nil => simp [count]
  | cons x xs ih => simp only [List.cons_append, count, ih]; omega

/-- The action sends the request. -/
def Action.isSend : Action α → Bool
  | .send => true
  | _ => false

/-- A step counts what it sends. -/
theorem tries_step (s : State) (event : Event α) :
    (step config s event).1.tries = s.tries + count Action.isSend (step config s event).2 := by
  grind [= step.eq_def, sendNow, failed, count, Action.isSend]

/-- A run counts what it sends. -/
theorem tries_run (s : State) (events : List (Event α)) :
    (run config s events).1.tries = s.tries + count Action.isSend (run config s events).2 := by
  induction events generalizing s with
  | nil => rfl
  | cons event events ih => simp only [run, count_append, ih, tries_step]; omega

/-- A run sends at most `maxTries` times. -/
theorem sends_run_le (config : Config) (id : String) (events : List (Event α)) :
    count Action.isSend (run config (.init id) events).2 ≤ config.maxTries := by
  have valid := valid_run (valid_init config id) events
  have tries := tries_run (config := config) (.init id) events
  grind [Valid, State.init]

/-- It gives up only after all tries. -/
theorem giveUp_tries {s : State} (h : Valid config s) {event : Event α} {tries : Nat} {cause : Cause}
    (hg : .giveUp tries cause ∈ (step config s event).2) : tries = config.maxTries := by
  grind [Valid, = step.eq_def, sendNow, failed]

/-! ## Never two requests in flight -/

/-- A socket as the actions leave it. -/
inductive Socket where
  /-- There is none. -/
  | closed
  /-- Connected; it carries no request. -/
  | ready
  /-- It carries one request without a reply. -/
  | owing
deriving DecidableEq

/-- Follow the socket through the actions; `none` when one of them is not allowed: connecting while a socket is open,
sending without one or while it owes a reply, closing none, delivering or giving up at the wrong time. -/
def replay : Socket → List (Action α) → Option Socket
  | socket, [] => some socket
  | .closed, .connect :: actions => replay .ready actions
  | .ready, .send :: actions => replay .owing actions
  | .owing, .close :: actions => replay .closed actions
  | .owing, .deliver _ :: actions => replay .ready actions
  | .closed, .wait _ :: actions => replay .closed actions
  | .closed, .giveUp _ _ :: actions => replay .closed actions
  | _, _ => none

/-- The socket that belongs to a state. -/
def State.socket (s : State) : Socket :=
  match s.phase with
  | .awaitingReply _ => .owing
  | .delivered => .ready
  | _ => .closed

/-- The actions of two lists are allowed when those of the first are, and then those of the second. -/
theorem replay_append (socket : Socket) (xs ys : List (Action α)) :
    replay socket (xs ++ ys) = (replay socket xs).bind fun next => replay next ys := by
  induction xs generalizing socket with
  | nil => rfl
  | cons x xs ih => cases socket <;> cases x <;> simp [replay, ih]

/-- A step's actions are allowed on its state's socket. -/
theorem replay_step (s : State) (event : Event α) :
    replay s.socket (step config s event).2 = some (step config s event).1.socket := by
  grind [= step.eq_def, sendNow, failed, replay, State.socket]

/-- A run's actions are allowed: each request goes out on a socket that owes no reply, and none is opened
before the last one is closed. -/
theorem replay_run (s : State) (events : List (Event α)) :
    replay s.socket (run config s events).2 = some (run config s events).1.socket := by
  induction events generalizing s with
  | nil => simp [run, replay]
  | cons event events ih => simp only [run, replay_append, replay_step, Option.bind_some, ih]

/-- From its beginning, a call never has two requests in flight. -/
theorem never_two_in_flight (config : Config) (id : String) (events : List (Event α)) :
    (replay .closed (run config (.init id) events).2).isSome = true := by
  have := replay_run (config := config) (.init id) events
  rw [show (State.init id).socket = .closed from rfl] at this
  rw [this]; rfl

/-! The rule can be broken: these are not allowed. -/

example : replay (α := Nat) .closed [.connect, .send, .send] = none := by decide +kernel
example : replay (α := Nat) .closed [.connect, .send, .connect, .send] = none := by decide +kernel

end LeanPythonBridge.Retry
