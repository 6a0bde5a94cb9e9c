//! One message through `update` and one frame at 200x50, with a thousand services of which fifty move.

use andon::core::model::Model;
use andon::core::msg::Msg;
use andon::core::time::{Person, Stamp, Utc, World as WorldTime};
use andon::core::update::update;
use andon::testkit::{Canary, World, world};
use andon::ui::{Look, draw};
use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::hint::black_box;

fn fleet() -> World {
    let mut w = world();
    for i in 0..1_000 {
        w.service(&format!("service-{i:04}"), 2, &[120_000]);
    }
    w.sources();
    for i in 0..1_000 {
        let name = format!("service-{i:04}");
        if i % 20 == 0 {
            w.canary(&Canary::new(&name, "eu-1"));
            w.figures(&name, 300, (216.0, if i == 0 { 46.6 } else { 0.1 }), (1948.0, 0.8));
        } else {
            w.canary(&Canary::steady(&name, "us-1"));
        }
        w.burn(&name, 0.2, 0.3, 0.4);
    }
    w.keys("b g");
    w
}

fn later(model: &Model, ms: i64) -> Stamp {
    let n = model.now;
    Stamp { utc: Utc(n.utc.0 + ms), world: WorldTime(n.world.0 + ms), person: Person(n.person.0 + ms) }
}

fn frame(c: &mut Criterion) {
    let w = fleet();
    let look = Look::shipped();
    let area = Rect::new(0, 0, 200, 50);
    let mut buf = Buffer::empty(area);
    let id = w.target_id("service-0000");
    let target = w.model.world.targets[&id].clone();
    let mut model = w.model;
    c.bench_function("update: one target of 1,000 services", |b| {
        b.iter(|| {
            let fact = andon::core::world::fact::Fact::Target(Box::new(target.clone()));
            let msg = Msg::Fact { source: id.source.clone(), fact: Box::new(fact) };
            let at = later(&model, 1);
            black_box(update(&mut model, at, msg))
        })
    });
    c.bench_function("update: a tick", |b| {
        b.iter(|| {
            let at = later(&model, 1);
            black_box(update(&mut model, at, Msg::Tick))
        })
    });
    c.bench_function("view: 200x50", |b| {
        b.iter(|| {
            buf.reset();
            black_box(draw(&model, &look, area, &mut buf))
        })
    });
}

criterion_group!(benches, frame);
criterion_main!(benches);
