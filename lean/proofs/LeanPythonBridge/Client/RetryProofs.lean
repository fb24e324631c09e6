module

public import LeanPythonBridge.Client.RetrySends

/-! # What the Lazy Pirate client guarantees

For every configuration and every list of events, in whatever order they come:

- `sends_run_le`: at most `maxTries` sends; `giveUp_tries`: it gives up only after all of them;
- `never_two_in_flight`: a socket carries at most one request, and is closed before the next is opened;
- `reply_of_deliver`, `outcomes_run_le`: what is delivered came in a reply with our id; at most one outcome;
- `effective_run_le`, `isFinished_of_effective`: at most `2 * maxTries` events have an effect, and then it is over;
  `tick_effective`: while it is not, the `tick` that it waits for has one, so a driver that reports it gets to the end;
- `backoffMs_le`, `wait_bounds`: every pause lies between zero and `backoffMaxMs`. -/

@[expose] public section

namespace LeanPythonBridge.Retry

universe u
variable {α : Type u} {config : Config}

/-! ## What is delivered -/

/-- The action ends the call. -/
def Action.isOutcome : Action α → Bool
  | .deliver _ | .giveUp _ _ => true
  | _ => false

/-- A step delivers only the payload of a reply with the request's id. -/
theorem reply_of_deliver_step {s : State} {event : Event α} {payload : α}
    (h : .deliver payload ∈ (step config s event).2) : event = .reply s.id payload := by
  grind [= step.eq_def, sendNow, failed]

/-- Whatever a run delivers came in a reply with the request's id. -/
theorem reply_of_deliver {s : State} {events : List (Event α)} {payload : α}
    (h : .deliver payload ∈ (run config s events).2) : .reply s.id payload ∈ events := by
  induction events generalizing s with
  | nil => cases h
  | cons event events ih =>
    cases List.mem_append.mp h with
    | inl h => rw [reply_of_deliver_step h]; exact List.mem_cons_self
    | inr h => exact List.mem_cons_of_mem _ (id_step (config := config) s event ▸ ih h)

/-- A reply with another id has no effect. -/
theorem step_of_other_id {s : State} {id : String} (h : id ≠ s.id) (payload : α) :
    step config s (.reply id payload) = (s, []) := by
  obtain ⟨own, phase, tries⟩ := s
  cases phase <;> first | rfl | simp only [step, if_neg h]

/-- After the end nothing has an effect. -/
theorem step_of_isFinished {s : State} (h : s.isFinished = true) (event : Event α) :
    step config s event = (s, []) := by
  obtain ⟨id, phase, tries⟩ := s
  cases phase <;> first | rfl | simp [State.isFinished] at h

/-- A step delivers or gives up exactly when it ends the call. -/
theorem outcomes_step (s : State) (event : Event α) :
    count Action.isOutcome (step config s event).2 + s.isFinished.toNat =
      (step config s event).1.isFinished.toNat := by
  grind [= step.eq_def, sendNow, failed, count, Action.isOutcome, State.isFinished]

/-- A run delivers or gives up exactly when it ends the call. -/
theorem outcomes_run (s : State) (events : List (Event α)) :
    count Action.isOutcome (run config s events).2 + s.isFinished.toNat =
      (run config s events).1.isFinished.toNat := by
  induction events generalizing s with
  | nil => simp [run, count]
  | cons event events ih =>
    have := outcomes_step (config := config) s event
    have := ih (step config s event).1
    simp only [run, count_append]; omega

/-- A run delivers at most one reply or gives up at most once, and never does both. -/
theorem outcomes_run_le (config : Config) (id : String) (events : List (Event α)) :
    count Action.isOutcome (run config (.init id) events).2 ≤ 1 := by
  have := outcomes_run (config := config) (.init id) events
  have := Bool.toNat_le (run config (.init id) events).1.isFinished
  omega

/-! ## Every run ends -/

/-- How many events can still have an effect, at most. -/
def remaining (config : Config) (s : State) : Nat :=
  match s.phase with
  | .idle | .backingOff _ => 2 * (config.maxTries - s.tries)
  | .awaitingReply _ => 2 * (config.maxTries - s.tries) + 1
  | .delivered | .gaveUp => 0

/-- How many of the events have an effect. -/
def effective (config : Config) (s : State) : List (Event α) → Nat
  | [] => 0
  | event :: events =>
    let next := (step config s event).1
    (if next = s then 0 else 1) + effective config next events

/-- An effect uses up at least one of those that remain. -/
theorem remaining_step {s : State} (h : Valid config s) (event : Event α) :
    (if (step config s event).1 = s then 0 else 1) + remaining config (step config s event).1 ≤
      remaining config s := by
  have := config.maxTries_pos
  grind [Valid, = step.eq_def, sendNow, failed, remaining]

/-- The events with an effect and those that remain are together no more than at the beginning. -/
theorem remaining_run {s : State} (h : Valid config s) (events : List (Event α)) :
    effective config s events + remaining config (run config s events).1 ≤ remaining config s := by
  induction events generalizing s with
  | nil => simp [run, effective]
  | cons event events ih =>
    have := remaining_step h event
    have := ih (valid_step h event)
    simp only [run, effective]; omega

/-- At most `2 * maxTries` events have an effect. -/
theorem effective_run_le (config : Config) (id : String) (events : List (Event α)) :
    effective config (.init id) events ≤ 2 * config.maxTries :=
  Nat.le_trans (Nat.le_of_add_right_le (remaining_run (valid_init config id) events)) (Nat.le_refl _)

/-- When no further effect remains, the call is over. -/
theorem isFinished_of_remaining {s : State} (h : Valid config s) (hr : remaining config s = 0) :
    s.isFinished = true := by
  have := config.maxTries_pos
  grind [Valid, remaining, State.isFinished]

/-- After `2 * maxTries` events with an effect the call is over. -/
theorem isFinished_of_effective {id : String} {events : List (Event α)}
    (h : 2 * config.maxTries ≤ effective config (.init id) events) :
    (run config (.init id) events).1.isFinished = true := by
  have run := remaining_run (valid_init config id) events
  have first : remaining config (.init id) = 2 * config.maxTries := rfl
  exact isFinished_of_remaining (valid_run (valid_init config id) events) (by omega)

/-- While the call is not over and has begun, it wants a `tick`, and that `tick` has an effect. -/
theorem tick_effective {s : State} (hs : s.isFinished = false) (hb : s.phase ≠ .idle) :
    ∃ wakeMs, s.wakeMs = some wakeMs ∧
      ∀ nowMs random, wakeMs ≤ nowMs → (step config s (.tick nowMs random : Event α)).1 ≠ s := by
  obtain ⟨id, phase, tries⟩ := s
  cases phase with
  | idle => exact absurd rfl hb
  | awaitingReply deadlineMs => exact ⟨deadlineMs, rfl, fun _ _ h => by grind [= step.eq_def, failed]⟩
  | backingOff untilMs => exact ⟨untilMs, rfl, fun _ _ h => by grind [= step.eq_def, sendNow]⟩
  | delivered | gaveUp => simp [State.isFinished] at hs

end LeanPythonBridge.Retry
