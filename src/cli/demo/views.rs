//! Views, templates and first pages of the sample.

/// Of the notebook `lab`.
pub(super) const LAB: &[(&str, &str)] = &[
    (
        "README.md",
        "---\ntitle: The lab\ntags: [about]\n---\n\n# The lab\n\nRuns are in `runs/`, one note each, written before the \
         run starts.\nPlots and curves lie beside them in `plots/` and `data/`; what a plot shows stands in its JSON \
         sidecar.\n\n- [the plan](plan.md)\n- [[todo.cdx]]: what is in hand\n- [[best.cdx]]: what came out of it\n",
    ),
    (
        "todo.cdx",
        "---
type: view
view_type: kanban
title: Runs in hand
query:
  tags: [experiment]
  where: 'created>=today-21d'
  sort: due
  group_by: status
config:
  columns:
    - {id: todo, title: To do, filter: {status: todo}}
    - {id: doing, title: Running, filter: {status: doing}}
    - {id: done, title: Done, filter: {status: done}}
    - {id: failed, title: Failed, filter: {status: failed}}
  card_fields: [due, loss, owner]
---

Move a card, and the note's `status` changes: `mv todo/X doing/`.
",
    ),
    (
        "best.cdx",
        "---
type: view
view_type: table
title: Best runs
query:
  tags: [experiment]
  tags_none: [failed]
  where: 'loss<0.08'
  sort: loss
  limit: 20
config:
  columns: [{id: title}, {id: loss}, {id: model}, {id: dataset}, {id: owner}]
order: numbered
---
",
    ),
    (
        "calendar.cdx",
        "---
type: view
view_type: calendar
title: What is due
query:
  properties_exists: [due]
  properties: {status: [todo, doing]}
  date_property: due
  sort: due
---
",
    ),
    (
        "dashboard.cdx",
        "---
type: view
view_type: dashboard
title: The lab at a glance
query:
  tags: [experiment]
  where: 'status:done'
  group_by: \"week(created)\"
aggregate: {loss: [min, avg], _: [count]}
config:
  layout:
    - components:
        - span: 7
          title: Loss of the best runs
          view_type: chart
          query: {tags: [experiment], where: 'loss<0.08', sort: loss, limit: 20}
          config: {chart: scatter, x: created, y: loss}
        - span: 5
          title: Done, by week
          view_type: rollup
          query: {tags: [experiment], where: 'status:done', group_by: \"week(created)\"}
          aggregate: {loss: [min, avg], _: count}
    - components: [{view: best.cdx, span: 7}, {view: calendar.cdx, span: 5}]
    - [todo.cdx]
---
",
    ),
    (
        "gallery.cdx",
        "---
type: view
view_type: gallery
title: Plots
query:
  content_types: [image/png]
  sort: \"modified desc\"
---
",
    ),
    (
        "templates/run.md",
        "---\ntitle: MODEL on DATASET, what it tries\ntype: run\ntags: [experiment/gpu]\nstatus: todo\nlr: 0.0003\n\
         epochs: 40\n---\n\n## Goal\n\n## Setup\n\n## Observations\n\n## Next\n",
    ),
    (
        "templates/meeting.md",
        "---\ntitle: Meeting\ntype: meeting\ntags: [meeting]\nattendees: []\n---\n\n# Meeting\n\n- \n",
    ),
];

/// Of the notebook `papers`.
pub(super) const PAPERS: &[(&str, &str)] = &[
    (
        "reading.cdx",
        "---
type: view
view_type: kanban
title: Reading list
query:
  tags: [paper]
  sort: \"year desc\"
  group_by: status
config:
  columns:
    - {id: to-read, title: To read, filter: {status: to-read}}
    - {id: reading, title: Reading, filter: {status: reading}}
    - {id: read, title: Read, filter: {status: read}}
  card_fields: [authors, year]
---
",
    ),
    (
        "by-year.cdx",
        "---
type: view
view_type: list
title: By year
query:
  tags: [paper]
  sort: title
  group_by: year
---
",
    ),
];

/// Of the notebook `protocols`.
pub(super) const PROTOCOLS: &[(&str, &str)] = &[(
    "review.cdx",
    "---
type: view
view_type: task-list
title: Not reviewed for two weeks
query:
  tags: [protocol]
  where: 'reviewed<today-14d'
  sort: reviewed
---
",
)];
