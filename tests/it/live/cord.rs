//! The cord over fifty Rollouts on a real API server: all held by one key, and exactly those released by the next console.

use super::home::Home;
use super::lab::{Lab, NAMESPACE, User, image, wait_until};
use serde_json::{Value, json};
use std::time::Instant;

/// Rollouts of this test; product.md section 5 holds every moving one at once.
const MANY: usize = 50;

/// Deleted on drop.
struct Fifty<'a> {
    lab: &'a Lab,
    tag: String,
}

impl Fifty<'_> {
    fn name(&self, n: usize) -> String {
        format!("{}-{n:02}", self.tag)
    }

    fn apply(&self, version: &str) {
        let one = |n: usize| {
            let name = self.name(n);
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
                "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"of": self.tag}},
                "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}},
                    "template": {"metadata": {"labels": {"app": name}},
                        "spec": {"containers": [{"name": "main", "image": image(&name, version)}]}},
                    "strategy": {"canary": {"maxSurge": 1, "maxUnavailable": 0,
                        "steps": [{"setWeight": 50}, {"pause": {}}]}}}})
        };
        let items: Vec<Value> = (0..MANY).map(one).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
        self.lab.kubectl_as(User::Admin, &["apply", "-f", "-"], &list).unwrap_or_else(|said| panic!("apply: {said}"));
    }

    /// All Rollouts of the namespace, these and others.
    fn all(&self) -> Vec<Value> {
        let said = self.lab.kubectl(&["-n", NAMESPACE, "get", "rollouts", "-o", "json"]);
        let list: Value = serde_json::from_str(&said).expect("a list");
        list["items"].as_array().cloned().unwrap_or_default()
    }

    fn count(&self, like: impl Fn(&Value) -> bool) -> usize {
        self.all().iter().filter(|r| r["metadata"]["labels"]["of"] == *self.tag && like(r)).count()
    }
}

impl Drop for Fifty<'_> {
    fn drop(&mut self) {
        let of = format!("of={}", self.tag);
        let args = ["-n", NAMESPACE, "delete", "rollouts", "-l", &of, "--wait=false"];
        if let Err(said) = self.lab.kubectl_as(User::Admin, &args, "") {
            eprintln!("{} stay behind: {said}", self.tag);
        }
    }
}

fn is_held(r: &Value) -> bool {
    r["spec"]["paused"] == true
}

fn is_moving(r: &Value) -> bool {
    let (now, stable) = (&r["status"]["currentPodHash"], &r["status"]["stableRS"]);
    now.is_string() && stable.is_string() && now != stable
}

#[test]
fn one_key_holds_fifty_rollouts_and_the_next_console_releases_exactly_those() {
    let Some(lab) = Lab::get() else { return };
    let fifty = Fifty { lab: &lab, tag: format!("cord-{}", std::process::id()) };
    fifty.apply("1.0");
    wait_until("fifty are healthy", 180, || fifty.count(|r| r["status"]["phase"] == "Healthy") == MANY);
    fifty.apply("1.1");
    wait_until("fifty wait at their step", 180, || {
        fifty.count(|r| is_moving(r) && r["status"]["pauseConditions"].is_array()) == MANY
    });
    // One of them is held by somebody else: it is not the cord's.
    let theirs = fifty.name(7);
    let patch = json!({"spec": {"paused": true}}).to_string();
    lab.kubectl(&["-n", NAMESPACE, "patch", "rollout", &theirs, "--type=merge", "-p", &patch]);

    let home = Home::new(&lab, User::Act, &fifty.name(0), None);
    let mut console = home.open();
    console.awake();
    std::thread::sleep(std::time::Duration::from_millis(400));
    console.shows("held", 30);
    console.pty.keys("a f");
    // On a machine that is busy a read may be late: then the environment's name is asked for, which holds nothing up.
    let named = console.confirm("freeze");
    let begun = Instant::now();
    wait_until("all are held", 120, || {
        if console.pty.look(|g| g.contains(" type lab and enter:") && !g.contains("enter: lab")) {
            console.give_name(5);
        }
        fifty.count(is_held) == MANY
    });
    let took = begun.elapsed();
    wait_until("all are on record", 60, || home.of("accepted").len() >= MANY - 1);
    let (intents, refused, unknown) = (home.of("intent"), home.of("refused").len(), home.of("unknown").len());
    assert_eq!((refused, unknown), (0, 0), "all are accepted");
    assert!(intents.iter().all(|r| r["target"]["name"] != *theirs), "what others hold is left alone");
    console.shows("FROZEN by", 10);
    println!(
        "ACT freeze live: {} of {} accepted, all held {} ms after the key, name typed: {named}",
        home.of("accepted").len(),
        intents.len(),
        took.as_millis()
    );
    wait_until("all have settled", 60, || home.of("settled").len() == intents.len());
    console.quit();

    let mut console = home.open();
    console.awake();
    std::thread::sleep(std::time::Duration::from_millis(400));
    console.shows("FROZEN by", 30);
    console.arm();
    // A late answer is an unknown outcome, found done by reading: what counts is what settled.
    let before = home.of("settled").len();
    let not_sent = || home.of("resolved").iter().filter(|r| r["data"]["how"] == "not sent").count();
    let begun = Instant::now();
    let mut presses = 0;
    while fifty.count(is_held) > 1 {
        presses += 1;
        assert!(presses <= 5, "five releases do not release all");
        let unsent = not_sent();
        console.pty.keys("a z");
        console.give_name(30);
        // On a machine that is busy a read may be late: that one stays held, says so, and the same keys go on with it.
        wait_until("what was read is released", 60, || fifty.count(is_held) == 1 + not_sent() - unsent);
        console.pty.keys("Esc");
    }
    println!("ACT thaw live: all released {} ms after the keys, pressed {presses} times", begun.elapsed().as_millis());
    wait_until("all are on record", 60, || home.of("settled").len() - before == intents.len());
    let held: Vec<Value> = fifty.all().into_iter().filter(is_held).collect();
    assert_eq!(held[0]["metadata"]["name"], *theirs);
    assert_eq!(home.of("thawed").len(), presses);
    console.quit();
    home.log_tells(&["FREEZE: the cord is pulled", "THAW: the cord is let go"]);
}
