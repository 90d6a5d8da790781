//! Two schedulers, clocks that differ and jump, calls that fail, crashes: at random.

use std::collections::BTreeSet;
use std::sync::Arc;

use avtomatika_engine::clock::Clock as _;
use avtomatika_scheduler::Scheduler;
use avtomatika_scheduler::file::parse;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::world::{BASE_MS, Fault, Hand, World};

#[derive(Clone, Debug)]
enum Step {
    /// Time passes, milliseconds, on both clocks.
    Time(u64),
    /// One clock jumps by so much, forward or back.
    Jump(usize, i64),
    /// One scheduler, or both at once, does what is due; the first calls fail like this.
    Pass(Option<usize>, Vec<Fault>),
    /// A scheduler is killed and started again.
    Restart(usize),
    /// All jobs end.
    End,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![4 => Just(Fault::None), 1 => Just(Fault::Before), 1 => Just(Fault::After)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (500_u64..90_000).prop_map(Step::Time),
        1 => (0_usize..2, -400_000_i64..200_000).prop_map(|(who, by)| Step::Jump(who, by)),
        8 => (prop::option::of(0_usize..2), prop::collection::vec(fault(), 0..8))
            .prop_map(|(who, faults)| Step::Pass(who, faults)),
        2 => (0_usize..2).prop_map(Step::Restart),
        3 => Just(Step::End),
    ]
}

struct Rig {
    world: Arc<World>,
    toml: String,
    clocks: [Arc<Hand>; 2],
    schedulers: [Scheduler; 2],
    /// The furthest any clock was when somebody might decide.
    furthest_ms: u64,
}

impl Rig {
    fn new(rule: &str, overlap: &str, missed: &str) -> Self {
        let world = World::new();
        let toml = format!(
            "[s]\nblueprint = \"b\"\n{rule}\noverlap = \"{overlap}\"\nmissed = \"{missed}\"\n"
        );
        let clocks = [Hand::at(BASE_MS + 1), Hand::at(BASE_MS + 700)];
        let schedulers = [0, 1].map(|who: usize| world.scheduler(&toml, &clocks[who]).0);
        Self {
            world,
            toml,
            clocks,
            schedulers,
            furthest_ms: BASE_MS,
        }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Time(ms) => self.clocks.iter().for_each(|clock| clock.advance(ms)),
            Step::Jump(who, by_ms) => {
                let now_ms = self.clocks[who].now_ms();
                self.clocks[who].set(now_ms.saturating_add_signed(by_ms).max(BASE_MS + 1));
            }
            Step::Pass(who, faults) => {
                self.world.fail_next(&faults);
                self.pass(who).await;
                self.world.fail_next(&[]);
            }
            Step::Restart(who) => {
                self.schedulers[who] = self.world.scheduler(&self.toml, &self.clocks[who]).0;
            }
            Step::End => self.world.end_all(),
        }
    }

    async fn pass(&mut self, who: Option<usize>) {
        for clock in &self.clocks {
            self.furthest_ms = self.furthest_ms.max(clock.now_ms());
        }
        let [a, b] = &mut self.schedulers;
        match who {
            Some(0) => drop(a.pass().await),
            Some(_) => drop(b.pass().await),
            None => drop(tokio::join!(a.pass(), b.pass())),
        }
    }
}

/// The planned instants of a rule between two times, and those alone.
fn planned(toml: &str, anchor_ms: u64, until_ms: u64) -> BTreeSet<u64> {
    let schedule = parse(toml, &TimeZone::UTC).unwrap().remove(0);
    let at = |ms: u64| Timestamp::from_millisecond(ms.cast_signed()).unwrap();
    let mut instants = BTreeSet::new();
    let mut from = at(anchor_ms - 1);
    while let Some(next) = schedule.timetable.next_after(at(anchor_ms), from)
        && next <= at(until_ms)
    {
        instants.insert(next.as_millisecond().cast_unsigned());
        from = next;
    }
    instants
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_makes_one_job_whatever_happens(
        rule in prop::sample::select(vec!["cron = \"* * * * *\"", "cron = \"*/20 * * * * *\"", "interval_seconds = 45"]),
        overlap in prop::sample::select(vec!["allow", "skip", "queue", "cancel"]),
        missed in prop::sample::select(vec!["skip", "run_once", "run_all"]),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut rig = Rig::new(rule, overlap, missed);
            for step in steps {
                rig.step(step).await;
            }
            // Then nothing fails any more, and time goes on long enough for every retry.
            for _ in 0..4 {
                rig.step(Step::Time(40_000)).await;
                rig.step(Step::Pass(None, vec![])).await;
                rig.step(Step::Pass(None, vec![])).await;
            }
            let record = rig.world.record("s");
            assert!(record.get("firing").is_none(), "{record}");
            let jobs = rig.world.jobs();
            let ran: Vec<u64> = jobs.iter().map(|job| job.instant_ms().unwrap()).collect();
            let unique: BTreeSet<u64> = ran.iter().copied().collect();
            assert_eq!(unique.len(), ran.len());
            // Only what was planned, and nothing before its time.
            let anchor_ms = record["rules"][0]["anchor_ms"].as_u64().unwrap();
            let may_run = planned(&rig.toml, anchor_ms, rig.furthest_ms);
            assert!(unique.is_subset(&may_run), "{ran:?} of {may_run:?}");
            if overlap != "allow" {
                assert!(jobs.iter().all(|job| !job.met_another), "two at once");
            }
            if (overlap, missed) == ("allow", "run_all") {
                // What only a clock that was put back again has shown need not have run.
                let now_ms = rig.clocks.iter().map(|clock| clock.now_ms()).max().unwrap();
                let must_run = planned(&rig.toml, anchor_ms, now_ms);
                assert!(must_run.is_subset(&unique), "{must_run:?} of {ran:?}");
            }
        });
    }
}
