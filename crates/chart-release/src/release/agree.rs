//! Two releases of one dev version at once: the registry and the store end with the same content.
//!
//! Of several releases the store has one content at the end: that of the one that replaced the archive last. The registry has no conditional push, so it may
//! have another. Each release that wrote to either therefore looks at the archive in the store after its last write, and if the registry has another one, it
//! pushes what the store has, whosever it is, and looks again. Of all writes to the registry, consider the last: the store had that content when its
//! writer looked afterwards, and a release that replaced the archive later would have pushed later.

use futures::{FutureExt as _, StreamExt as _};

use super::execute::{AT_ONCE, Execution};
use super::plan::{PlannedChart, StepKind};
use crate::{ChartRegistry, ChartRepository, Error, Overwrite};

/// How often the store is looked at again because another release was faster.
const LOOKS: u32 = 16;

impl Execution<'_> {
    /// Brings the registry and the store together where another release may have come in between.
    pub(super) async fn agree(&mut self) {
        let charts = self.charts.iter().enumerate();
        // The registry was found as it is to be before the archive was replaced, and was not looked at since.
        let unread = charts.filter(|(_, chart)| {
            chart.may_replace()
                && chart.pending(StepKind::Push).is_none()
                && chart.pending(StepKind::Archive).is_some()
        });
        let unread: Vec<usize> = unread.map(|(index, _)| index).collect();
        self.contested.extend(unread);
        let stopped = &self.stopped;
        self.contested.retain(|&index| stopped.get(index) == Some(&false));
        let Some(repository) = &self.release.repository else {
            // Nothing decides which content is to remain. The registry has that of the other release.
            for index in std::mem::take(&mut self.contested) {
                self.supersede(index);
            }
            return;
        };
        let registry = self.release.registry.as_ref();
        let this = &*self;
        let look = |&index: &usize| {
            let chart = this.charts.get(index)?;
            let work = async move {
                let settled = this.within(this.settle(chart, repository, registry)).await;
                (index, settled.and_then(|digest| digest))
            };
            Some(work.boxed())
        };
        let looks: Vec<_> = this.contested.iter().filter_map(look).collect();
        let settled: Vec<_> = futures::stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
        for (index, stands) in settled {
            match stands {
                Ok(digest) => {
                    if self.charts.get(index).is_some_and(|chart| chart.digest != digest) {
                        self.supersede(index);
                    }
                }
                Err(error) => self.fail_all(StepKind::Push, &[index], error),
            }
        }
    }

    /// Pushes the archive that the store has until both have the same. Returns its digest.
    async fn settle(
        &self,
        chart: &PlannedChart,
        repository: &ChartRepository,
        registry: Option<&ChartRegistry>,
    ) -> Result<String, Error> {
        let (name, version) = (&chart.chart, &chart.version);
        let gone = || {
            artifact_source::Error::new(
                artifact_source::ErrorKind::NotFound,
                "the archive is not in the store any more",
            )
            .with_url(format!("{}/{name}-{version}.tgz", repository.store().url()))
            .with_hint("run the same command again")
        };
        let mut archive = repository.archive(name, version).await?.ok_or_else(gone)?;
        let Some(registry) = registry else { return Ok(archive.digest().to_owned()) };
        for _ in 0..LOOKS {
            match registry.push(&archive, &Overwrite::moving_dev(), &self.call).await {
                Ok(_) => {
                    let now = repository.archive(name, version).await?.ok_or_else(gone)?;
                    if now.digest() == archive.digest() {
                        return Ok(now.digest().to_owned());
                    }
                    archive = now;
                }
                // Another release pushes at this moment.
                Err(Error::Conflict(conflict)) if conflict.is_race => {
                    archive = repository.archive(name, version).await?.ok_or_else(gone)?;
                }
                Err(error) => return Err(error),
            }
        }
        let message = format!("{name} {version} was published by other releases {LOOKS} times in a row");
        Err(artifact_source::Error::new(artifact_source::ErrorKind::Refused, message)
            .with_hint("run the same command again when fewer releases run")
            .into())
    }
}
