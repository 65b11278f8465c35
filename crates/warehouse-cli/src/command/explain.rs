//! `warehouse explain`.

use artifact_source::{Recorder, Trace};
use warehouse_discovery::{Observer, SubscriptionReport};
use warehouse_spec::Warehouse;

use crate::arguments::Explain;
use crate::discovery::Session;
use crate::exit::Exit;
use crate::message::Messages;
use crate::output::Explanation;
use crate::{manifest, output};

/// Writes down every candidate of every subscription.
#[derive(Debug)]
struct Recorders(Vec<Recorder>);

impl Recorders {
    fn of(warehouse: &Warehouse) -> Self {
        Self(warehouse.spec.subscriptions.iter().map(|_| Recorder::new()).collect())
    }
}

impl Observer for Recorders {
    fn trace(&self, subscription: usize) -> &dyn Trace {
        match self.0.get(subscription) {
            Some(recorder) => recorder,
            None => &(),
        }
    }
}

/// Prints every candidate with the rule that decided.
pub(crate) async fn explain(arguments: Explain, messages: &Messages) -> Result<Exit, Exit> {
    let warehouses = manifest::read(arguments.manifest, *messages).await?;
    let session = Session::open(&arguments.network, messages).await?;
    let watched = session.discover(warehouses, messages, Recorders::of).await;
    let wants = |report: &SubscriptionReport| {
        arguments.subscription.as_deref().is_none_or(|wanted| is_called(report, wanted))
    };
    let mut complete = true;
    let mut explanations = Vec::new();
    for (discovered, Recorders(recorders)) in watched {
        let heard = recorders.into_iter().map(Recorder::into_judgements);
        let reports = discovered.report.subscriptions.into_iter().zip(heard);
        let wanted: Vec<_> = reports.filter(|(report, _)| wants(report)).collect();
        complete &= wanted.iter().all(|(report, _)| report.error.is_none());
        explanations.push(Explanation::new(&discovered.warehouse, wanted));
    }
    if let Some(wanted) = &arguments.subscription
        && explanations.iter().all(Explanation::is_empty)
    {
        messages.error(&format!("no subscription has the name, repoURL or place {wanted:?}"));
        return Err(Exit::Usage);
    }
    for wanted in &arguments.candidate {
        if !explanations.iter().any(|explanation| explanation.knows(wanted)) {
            messages.error(&format!("{wanted:?} is no candidate of any subscription that has answered"));
            complete = false;
        }
    }
    if !arguments.candidate.is_empty() {
        explanations.iter_mut().for_each(|explanation| explanation.keep(&arguments.candidate));
    }
    output::print(|out| output::explanations(&explanations, arguments.output, out)).map_err(|error| {
        messages.error(&format!("the results could not be written: {error}"));
        Exit::Failure
    })?;
    Ok(if complete { Exit::Success } else { Exit::Failure })
}

fn is_called(report: &SubscriptionReport, wanted: &str) -> bool {
    let id = &report.id;
    id.subscription() == Some(wanted)
        || id.chart() == Some(wanted)
        || id.url() == wanted
        || report.index.to_string() == wanted
}
