// A handler as somebody would write it against the types. What must not compile says so.
import type { Person, SolatisEvent, SolatisEventType, TaskUpdatedData } from "./events";

export function handle(body: string): string {
  const event = JSON.parse(body) as SolatisEvent;
  // @ts-expect-error the data of an event depends on its type
  event.data.summary;
  switch (event.event) {
    case "document.analyzed":
      return event.data.summary.slice(0, 80) + event.data.confidence.toFixed(2);
    case "transcription.completed":
      return event.data.speakers.map((s) => s.speaker).join(", ");
    case "task.updated":
      return changed(event.data) + assigned(event.data.assignee);
    case "action_items.extracted":
      // @ts-expect-error an action item may have no assignee
      return event.data.action_items.map((item) => item.assignee.name).join();
    case "meeting.analyzed":
      // @ts-expect-error inferred fields may be missing
      return event.data.summary.slice(0, 80);
    // @ts-expect-error there is no such event
    case "task.renamed":
      return "";
    default:
      return event.id + event.created_at;
  }
}

function changed(task: TaskUpdatedData): string {
  // @ts-expect-error nothing is known of a value from before
  task.changes?.[0]?.from.length;
  return task.changes?.map((change) => change.field).join() ?? "";
}

function assigned(person: Person | null | undefined): string {
  return person ? `${person.name} <${person.email}>` : "nobody";
}

// Every type has to be dealt with here, so that a new one is noticed.
export const titles: Record<SolatisEventType, string> = {
  "document.analyzed": "Analysed",
  "document.deleted": "Deleted",
  "document.shared": "Shared",
  "transcription.started": "Transcribing",
  "transcription.completed": "Transcribed",
  "meeting.analyzed": "Meeting analysed",
  "action_items.extracted": "Action items",
  "task.created": "Created",
  "task.updated": "Changed",
  "task.completed": "Done",
  "task.deleted": "Deleted",
  "content.generated": "Written",
  "brainstorm.completed": "Ideas",
};
