//! Choosing among waiting workers.

use std::hash::{BuildHasher, RandomState};

use super::parking::Offer;
use crate::blueprint::Strategy;

/// Whom a strategy prefers. The candidates come in the order they have waited, longest first.
pub(super) fn choose(
    task_type: &str,
    strategy: Strategy,
    candidates: &[(u64, &Offer)],
) -> Option<u64> {
    let cheapest = |offer: &Offer| offer.standing.profile.cost_of(task_type);
    match strategy {
        Strategy::Default => candidates
            .iter()
            .find(|(_, offer)| offer.standing.hot.iter().any(|name| name == task_type))
            .or(candidates.first())
            .map(|(id, _)| *id),
        Strategy::RoundRobin => candidates.first().map(|(id, _)| *id),
        Strategy::LeastConnections => candidates
            .iter()
            .min_by_key(|(_, offer)| offer.leased)
            .map(|(id, _)| *id),
        Strategy::Cheapest => least(candidates, cheapest),
        Strategy::BestValue => least(candidates, |offer| {
            cheapest(offer) / offer.standing.reputation.max(f64::MIN_POSITIVE)
        }),
        Strategy::Random => {
            // A fresh hasher is as random as this needs to be; nothing is decided by it but who
            // of several equals goes first.
            let count = candidates.len();
            let draw = usize::try_from(RandomState::new().hash_one(count)).unwrap_or(0);
            candidates.get(draw.checked_rem(count)?).map(|(id, _)| *id)
        }
    }
}

/// The longest waiting of those with the least of something.
fn least(candidates: &[(u64, &Offer)], of: impl Fn(&Offer) -> f64) -> Option<u64> {
    let ranked = candidates
        .iter()
        .enumerate()
        .map(|(place, (id, offer))| (of(offer), place, *id));
    ranked
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        .map(|(_, _, id)| id)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::storage::{Profile, Standing};

    fn offer(cost: f64, reputation: f64, leased: usize, hot: &[&str]) -> Offer {
        Offer {
            standing: Standing {
                profile: Arc::new(Profile {
                    cost,
                    ..Profile::default()
                }),
                reputation,
                hot: hot.iter().map(|name| (*name).to_owned()).collect(),
                full_of: Vec::new(),
            },
            leased,
        }
    }

    #[test]
    fn each_strategy_prefers_its_own() {
        let offers = [
            offer(3.0, 1.0, 2, &[]),
            offer(1.0, 0.1, 1, &[]),
            offer(2.0, 1.0, 0, &["t"]),
            offer(1.0, 0.1, 0, &["t"]),
        ];
        let candidates: Vec<(u64, &Offer)> = (0..).zip(&offers).collect();
        for (strategy, chosen) in [
            (Strategy::Default, 2),
            (Strategy::RoundRobin, 0),
            (Strategy::LeastConnections, 2),
            (Strategy::Cheapest, 1),
            (Strategy::BestValue, 2),
        ] {
            assert_eq!(
                choose("t", strategy, &candidates),
                Some(chosen),
                "{strategy:?}"
            );
        }
        assert_eq!(choose("u", Strategy::Default, &candidates), Some(0));
        assert_eq!(choose("t", Strategy::Random, &[]), None);
        let drawn: std::collections::BTreeSet<_> = (0..200)
            .filter_map(|_| choose("t", Strategy::Random, &candidates))
            .collect();
        assert!(drawn.len() > 1, "{drawn:?}");
    }
}
