namespace bench;

entity Projects {
  key ProjectId   : UUID;
      ProjectKey  : String;
      ProjectName : String;
}

entity WorkItems {
  key WorkItemId     : Integer;
      ProjectId      : UUID;
      WorkItemKey    : String;
      Type           : String;
      CommonType     : String;
      Title          : String(5000);
      Status         : String;
      StatusCategory : String;
      Points         : Double;
      RemainingHours : Double;
      Priority       : String;
      Assignee       : String;
      CreatedAt      : Timestamp;
      ChangedAt      : Timestamp;
      Due            : Date;
      Project        : Association to Projects on Project.ProjectId = ProjectId;
}
