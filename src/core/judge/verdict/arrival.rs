//! The promise that the order in which blocks arrive does not matter, nor a save and a load between.

use super::tests::{START, after, c, judge};
use super::*;
use proptest::prelude::*;

fn counts() -> impl Strategy<Value = Option<Counts>> {
    prop_oneof![
        1 => Just(None),
        1 => Just(c(0.0, 0.0)),
        8 => (0u32..40, 1u32..3000).prop_map(|(x, n)| c(f64::from(x) / 3.0, f64::from(n) / 7.0)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_and_a_save_between_do_not_matter(
        rows in prop::collection::vec((counts(), counts(), prop::bool::weighted(0.9)), 1..40),
        order in prop::collection::vec(any::<u32>(), 40),
        chunk in 1usize..9,
        ack in prop::option::of(0i64..40),
    ) {
        let blocks: Vec<Block> = rows.iter().enumerate().filter(|(_, r)| r.2)
            .map(|(i, r)| Block { start: START + i as i64 * BLOCK_SECS, candidate: r.0, stable: r.1 })
            .collect();
        let mut plain = judge();
        for b in &blocks {
            plain.feed(std::slice::from_ref(b));
        }
        let mut mixed: Vec<(u32, Block)> = order.iter().copied().zip(blocks.iter().copied()).collect();
        mixed.sort_by_key(|m| m.0);
        let mixed: Vec<Block> = mixed.into_iter().map(|m| m.1).collect();
        let mut other = judge();
        for (i, part) in mixed.chunks(chunk).enumerate() {
            other.feed(part);
            if i == 1 && let Some(a) = ack {
                other.ack(Utc::from_secs(START + a * BLOCK_SECS));
            }
            if i == 2 {
                other = serde_json::from_str(&serde_json::to_string(&other).unwrap()).unwrap();
            }
        }
        if let Some(a) = ack {
            plain.ack(Utc::from_secs(START + a * BLOCK_SECS));
            other.ack(Utc::from_secs(START + a * BLOCK_SECS));
        }
        prop_assert_eq!(&plain, &other);
        let at = after(rows.len() as i64);
        prop_assert_eq!(plain.verdict(&at), other.verdict(&at));
    }
}
