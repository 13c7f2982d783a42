// The webhook events of Solatis, as types for a handler.
// Made by: solatis types --lang typescript
//
// They say what a verified body holds; they verify nothing. Two payloads are shown in the
// provider's guide, the others are inferred from it: see the comment of each. New fields
// and new types of event may come at any time, so let the default case of a switch over
// event.event answer 200 too.
//
//     const event = JSON.parse(body) as SolatisEvent;
//     switch (event.event) {
//       case "document.analyzed":
//         console.log(event.data.summary);
//     }

export type SolatisEvent =
  | DocumentAnalyzedEvent
  | DocumentDeletedEvent
  | DocumentSharedEvent
  | TranscriptionStartedEvent
  | TranscriptionCompletedEvent
  | MeetingAnalyzedEvent
  | ActionItemsExtractedEvent
  | TaskCreatedEvent
  | TaskUpdatedEvent
  | TaskCompletedEvent
  | TaskDeletedEvent
  | ContentGeneratedEvent
  | BrainstormCompletedEvent;

/** The type of an event, such as "document.analyzed". */
export type SolatisEventType = SolatisEvent["event"];

export interface Person {
  /** Null for somebody without an account */
  user_id?: string | null;
  name: string;
  email: string;
}

/** Fired when the analysis of a document has finished. The payload is shown in the provider's guide. */
export interface DocumentAnalyzedEvent {
  /** The same on every retry */
  id: string;
  event: "document.analyzed";
  /** When the event happened */
  created_at: string;
  data: DocumentAnalyzedData;
}

export interface DocumentAnalyzedData {
  /** The document */
  document_id: string;
  /** Where the work stands */
  status: string;
  /** What the document says, in a few sentences */
  summary: string;
  /** What was read out of the document; which fields there are may depend on its kind */
  extracted_fields: {
    /** Who the document binds */
    parties?: string[];
    /** First day of the term */
    start_date?: string;
    /** Last day of the term */
    end_date?: string;
    /** What the parties have to do. The guide leaves the elements out; the samples have sentences */
    obligations?: unknown[];
  };
  /** How sure the analysis is of itself */
  confidence: number;
}

/** Fired when a document was deleted. Inferred: the provider's guide names this event and doesn't show its payload. */
export interface DocumentDeletedEvent {
  /** The same on every retry */
  id: string;
  event: "document.deleted";
  /** When the event happened */
  created_at: string;
  data: DocumentDeletedData;
}

export interface DocumentDeletedData {
  /** The document */
  document_id: string;
  /** Its last title */
  title?: string;
  deleted_by?: Person | null;
  deleted_at?: string;
}

/** Fired when a document was shared with somebody. Inferred: the provider's guide names this event and doesn't show its payload. */
export interface DocumentSharedEvent {
  /** The same on every retry */
  id: string;
  event: "document.shared";
  /** When the event happened */
  created_at: string;
  data: DocumentSharedData;
}

export interface DocumentSharedData {
  /** The document */
  document_id: string;
  /** Its title */
  title?: string;
  /** The share, for ending it */
  share_id?: string;
  shared_by?: Person;
  /** Who may see the document now */
  shared_with?: Person[];
  /** What they may do */
  permission?: string;
  /** What was written to them */
  message?: string | null;
  shared_at?: string;
  /** Null where the share doesn't end by itself */
  expires_at?: string | null;
}

/** Fired when the transcription of a recording has begun. Inferred: the provider's guide names this event and doesn't show its payload. */
export interface TranscriptionStartedEvent {
  /** The same on every retry */
  id: string;
  event: "transcription.started";
  /** When the event happened */
  created_at: string;
  data: TranscriptionStartedData;
}

export interface TranscriptionStartedData {
  /** The transcription */
  transcription_id: string;
  /** Where the work stands */
  status?: string;
  /** The meeting, where the recording belongs to one */
  meeting_id?: string | null;
  /** Name of the recording */
  file_name?: string;
  /** Length of the recording */
  duration_seconds?: number;
  /** BCP 47 tag of the language */
  language?: string;
  started_at?: string;
}

/** Fired when a transcription has finished. The payload is shown in the provider's guide. */
export interface TranscriptionCompletedEvent {
  /** The same on every retry */
  id: string;
  event: "transcription.completed";
  /** When the event happened */
  created_at: string;
  data: TranscriptionCompletedData;
}

export interface TranscriptionCompletedData {
  /** The transcription */
  transcription_id: string;
  /** Where the work stands */
  status: string;
  /** The whole text */
  transcript: string;
  speakers: {
    /** Name or number of the speaker */
    speaker: string;
    /** What the speaker said, in order. The guide leaves the elements out; the samples have objects with times and a text */
    segments: {
      /** Since the recording's begin */
      start_seconds?: number;
      /** Since the recording's begin */
      end_seconds?: number;
      text?: string;
    }[];
  }[];
  /** Length of the recording */
  duration_seconds: number;
  /** How sure the analysis is of itself */
  confidence: number;
}

/** Fired when the analysis of a meeting has finished. Inferred: the provider's guide names this event and doesn't show its payload. */
export interface MeetingAnalyzedEvent {
  /** The same on every retry */
  id: string;
  event: "meeting.analyzed";
  /** When the event happened */
  created_at: string;
  data: MeetingAnalyzedData;
}

export interface MeetingAnalyzedData {
  /** The meeting */
  meeting_id: string;
  /** What the analysis was made from */
  transcription_id?: string | null;
  /** Where the work stands */
  status?: string;
  title?: string;
  /** What was said, in a few sentences */
  summary?: string;
  participants?: Person[];
  topics?: {
    title: string;
    summary?: string;
  }[];
  decisions?: string[];
  /** Overall tone */
  sentiment?: string;
  /** Length of the recording */
  duration_seconds?: number;
  /** How sure the analysis is of itself */
  confidence?: number;
}

/** Fired when action items were found in a meeting. Inferred: the provider's guide names this event and doesn't show its payload. */
export interface ActionItemsExtractedEvent {
  /** The same on every retry */
  id: string;
  event: "action_items.extracted";
  /** When the event happened */
  created_at: string;
  data: ActionItemsExtractedData;
}

export interface ActionItemsExtractedData {
  /** The meeting */
  meeting_id?: string;
  /** What they were found in */
  transcription_id?: string | null;
  action_items: Array<{
    /** The action item */
    action_item_id?: string;
    /** What is to be done */
    description: string;
    assignee?: Person | null;
    /** Null where no date was named */
    due_date?: string | null;
    /** How urgent it is */
    priority?: string;
    /** The sentence it was found in */
    quote?: string;
    /** How sure the analysis is of itself */
    confidence?: number;
  }>;
  extracted_at?: string;
}

/** Fired when a task was created. Inferred: the provider's guide names this event and doesn't show its payload. */
export interface TaskCreatedEvent {
  /** The same on every retry */
  id: string;
  event: "task.created";
  /** When the event happened */
  created_at: string;
  data: TaskCreatedData;
}

export interface TaskCreatedData {
  /** The task */
  task_id: string;
  title: string;
  /** Longer text, may be empty */
  description?: string;
  /** Where the task stands */
  status?: string;
  /** How urgent it is */
  priority?: string;
  assignee?: Person | null;
  /** Null where there is none */
  due_date?: string | null;
  tags?: string[];
  /** What the task came from; null where somebody wrote it by hand */
  source?: {
    type: string;
    id: string;
  } | null;
  created_at?: string;
  updated_at?: string;
  created_by?: Person | null;
}

/** Fired when a task was changed. Inferred: the provider's guide names this event and doesn't show its payload. */
export interface TaskUpdatedEvent {
  /** The same on every retry */
  id: string;
  event: "task.updated";
  /** When the event happened */
  created_at: string;
  data: TaskUpdatedData;
}

export interface TaskUpdatedData {
  /** The task */
  task_id: string;
  title: string;
  /** Longer text, may be empty */
  description?: string;
  /** Where the task stands */
  status?: string;
  /** How urgent it is */
  priority?: string;
  assignee?: Person | null;
  /** Null where there is none */
  due_date?: string | null;
  tags?: string[];
  /** What the task came from; null where somebody wrote it by hand */
  source?: {
    type: string;
    id: string;
  } | null;
  created_at?: string;
  updated_at?: string;
  updated_by?: Person | null;
  /** What is different from before */
  changes?: {
    /** Name of a field of this task */
    field: string;
    /** Null where the field was empty */
    from?: unknown;
    /** Null where the field was empty */
    to?: unknown;
  }[];
}

/** Fired when a task was marked as complete. Inferred: the provider's guide names this event and doesn't show its payload. */
export interface TaskCompletedEvent {
  /** The same on every retry */
  id: string;
  event: "task.completed";
  /** When the event happened */
  created_at: string;
  data: TaskCompletedData;
}

export interface TaskCompletedData {
  /** The task */
  task_id: string;
  title: string;
  /** Longer text, may be empty */
  description?: string;
  /** Where the task stands */
  status?: string;
  /** How urgent it is */
  priority?: string;
  assignee?: Person | null;
  /** Null where there is none */
  due_date?: string | null;
  tags?: string[];
  /** What the task came from; null where somebody wrote it by hand */
  source?: {
    type: string;
    id: string;
  } | null;
  created_at?: string;
  updated_at?: string;
  completed_by?: Person | null;
  completed_at?: string;
}

/** Fired when a task was deleted. Inferred: the provider's guide names this event and doesn't show its payload. */
export interface TaskDeletedEvent {
  /** The same on every retry */
  id: string;
  event: "task.deleted";
  /** When the event happened */
  created_at: string;
  data: TaskDeletedData;
}

export interface TaskDeletedData {
  /** The task */
  task_id: string;
  /** Its last title */
  title?: string;
  deleted_by?: Person | null;
  deleted_at?: string;
}

/** Fired when the generation of a text has finished. Inferred: the provider's guide names this event and doesn't show its payload. */
export interface ContentGeneratedEvent {
  /** The same on every retry */
  id: string;
  event: "content.generated";
  /** When the event happened */
  created_at: string;
  data: ContentGeneratedData;
}

export interface ContentGeneratedData {
  /** The content */
  content_id: string;
  /** Where the work stands */
  status?: string;
  /** What was asked for */
  content_type?: string;
  title?: string;
  /** The text itself */
  content: string;
  /** How the text is marked up */
  format?: string;
  /** BCP 47 tag of the language */
  language?: string;
  word_count?: number;
  /** Meetings and documents that it was made from */
  source_ids?: string[];
  generated_at?: string;
}

/** Fired when a brainstorming session has ended. Inferred: the provider's guide names this event and doesn't show its payload. */
export interface BrainstormCompletedEvent {
  /** The same on every retry */
  id: string;
  event: "brainstorm.completed";
  /** When the event happened */
  created_at: string;
  data: BrainstormCompletedData;
}

export interface BrainstormCompletedData {
  /** The session */
  session_id: string;
  /** Where the work stands */
  status?: string;
  /** The question that was asked */
  topic?: string;
  participants?: Person[];
  ideas: {
    title: string;
    description?: string;
    votes?: number;
  }[];
  themes?: string[];
  summary?: string;
  /** Length of the session */
  duration_seconds?: number;
  completed_at?: string;
}
