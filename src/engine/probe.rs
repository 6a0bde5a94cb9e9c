//! Addresses that runbooks ask: GET alone, to https or to this machine, without anybody's credentials. The answer is
//! judged here, so that no page stands in a message; in a drill the scenario answers.

use super::command::Hands;
use crate::backends::net::access::Access;
use crate::backends::net::budget::Budget;
use crate::backends::net::client::{Client, Endpoint};
use crate::backends::{Cx, Lane};
use crate::core::case::runbook::want::{Judged, Want, judge_text};
use crate::core::id::SourceId;
use std::time::Duration;

/// No address is given more.
const LIMIT: Duration = Duration::from_secs(5);
/// Longer answers are not judged. Bytes.
const BODY_MOST: usize = 256 * 1024;
/// Calls a minute, of all addresses together.
const CALLS: u32 = 60;

#[derive(Clone)]
pub struct Prober {
    hands: Hands,
    budget: Budget,
}

impl Prober {
    pub fn new(hands: Hands) -> Prober {
        Prober { hands, budget: Budget::new(CALLS) }
    }

    /// What a drill or nobody says; `None`: it is to be asked.
    pub fn told(&self, url: &str, wants: &[Want]) -> Option<Judged> {
        match &self.hands {
            Hands::Nowhere => Some(Judged::no("addresses are not asked here")),
            Hands::Scenario { addresses, .. } => Some(match addresses(url) {
                Some((body, status)) => judge_text(status, true, &body, wants),
                None => Judged::no("the drill reaches no address: nothing was asked, and nothing is known"),
            }),
            Hands::Real { .. } => None,
        }
    }

    pub async fn ask(&self, url: &str, wants: &[Want]) -> Judged {
        match tokio::time::timeout(LIMIT, self.get(url)).await {
            Ok(Ok((status, body))) if body.len() <= BODY_MOST => {
                judge_text(i32::from(status), true, &String::from_utf8_lossy(&body), wants)
            }
            Ok(Ok(_)) => Judged::no("the answer is longer than 256 kB, so it is not judged"),
            Ok(Err(why)) => Judged::no(why),
            Err(_) => Judged::no(format!("no answer in {} s", LIMIT.as_secs())),
        }
    }

    async fn get(&self, url: &str) -> Result<(u16, Vec<u8>), String> {
        let split = url.find("://").map(|at| at + 3).and_then(|at| url[at..].find('/').map(|end| at + end));
        let (base, path) = url.split_at(split.unwrap_or(url.len()));
        let endpoint = Endpoint {
            source: SourceId::new("runbook"),
            url: base.to_owned(),
            access: Access::default(),
            ca: None,
            insecure: false,
        };
        let client = Client::new(endpoint, self.budget.clone()).map_err(|e| e.sentence.to_string())?;
        let cx = Cx { deadline: LIMIT, lane: Lane::Refresh };
        let answer = client.get(path.trim_start_matches('/'), &cx).await.map_err(|e| e.sentence.to_string())?;
        Ok((answer.status, answer.body))
    }
}
