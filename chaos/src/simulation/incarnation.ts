/** One run of a process, from its start to its death. What it awaits after its death never comes. */
export class Incarnation {
  readonly name: string;
  readonly number: number;
  isAlive = true;
  isPaused = false;
  /** Whether its connections work. */
  isLinked = true;
  /** What its clock shows beyond the true time, in ms. */
  clockOffsetMs = 0;

  constructor(name: string, number: number) {
    this.name = name;
    this.number = number;
  }

  /** Unlike any other process that ever was. */
  get label(): string {
    return `${this.name}.${this.number}`;
  }

  get isReachable(): boolean {
    return this.isAlive && !this.isPaused && this.isLinked;
  }
}
