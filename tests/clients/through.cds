using { muster } from './external/muster';

service Through {
  @readonly entity Projects as projection on muster.Projects;
  @readonly entity Milestones as projection on muster.Milestones;
  @readonly entity WorkItems as projection on muster.WorkItems { WorkItemId, WorkItemKey, Title as Called, ProjectId };
}
