/** Who lets requests wait: a process, and how to see and end the wait. */
export interface Holder {
  readonly pid: number
  readonly port: number
  /** Requests that wait now. */
  held(): Promise<number>
  /** Lets them go, where that does not happen by itself. */
  release(): Promise<void>
  /** Back to rest; resolves to how often the engine has started an app for them, null where there is none. */
  end(): Promise<number | null>
}
