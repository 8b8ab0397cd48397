using bench from '../db/schema';

// Page sizes are declared here: it answers no other that a client prefers.
@path: '/feed'
service Feed {
  @readonly entity Projects as projection on bench.Projects;
  @readonly @cds.query.limit: { default: 1000, max: 1000 }
  entity WorkItems as projection on bench.WorkItems;
  @readonly @cds.query.limit: { default: 10000, max: 10000 }
  entity WorkItemsBy10000 as projection on bench.WorkItems;
}
