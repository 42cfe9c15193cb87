{{/* The name of the release, in which all names of objects begin. That of a CronJob has at most 52 characters. */}}
{{- define "docmill.name" -}}
{{- if le (len .Release.Name) 44 -}}
{{- .Release.Name -}}
{{- else -}}
{{- printf "%s-%s" (.Release.Name | trunc 35 | trimSuffix "-") (.Release.Name | sha256sum | trunc 8) -}}
{{- end -}}
{{- end }}

{{- define "docmill.labels" -}}
app.kubernetes.io/name: docmill
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "docmill.claim" -}}
{{- $volume := index .root.Values.volumes .name -}}
{{- $volume.existingClaim | default (printf "%s-%s" (include "docmill.name" .root) .name) -}}
{{- end }}

{{/* What is done about exit codes. `decide`: FailJob, or FailIndex for shards. */}}
{{- define "docmill.failurePolicy" -}}
rules:
  # A node that is drained, or a pod that is preempted, does not count as a failure.
  - action: Ignore
    onPodConditions:
      - type: DisruptionTarget
  # Wrong input, or a provider that refuses the key: the same for every pod.
  - action: FailJob
    onExitCodes: {containerName: docmill, operator: In, values: [2, 5]}
  # Defects, failed pages, the budget, the quality: somebody has to decide. All other codes are retried.
  - action: {{ .decide }}
    onExitCodes: {containerName: docmill, operator: In, values: [1, 3, 4, 7]}
{{- end }}

{{/* The pod. `arguments`: of docmill; `shards`: their number, or 0; `key`: whether it needs the provider's key. */}}
{{- define "docmill.pod" -}}
{{- $values := .root.Values -}}
{{- if le (int $values.terminationGracePeriodSeconds) (add (int $values.graceSeconds) 2) }}
{{- fail "terminationGracePeriodSeconds must be more than graceSeconds and two seconds" }}
{{- end -}}
metadata:
  labels:
    {{- include "docmill.labels" .root | nindent 4 }}
spec:
  serviceAccountName: {{ include "docmill.name" .root | quote }}
  automountServiceAccountToken: false
  restartPolicy: Never
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds | int64 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: docmill
      {{- if $values.image.digest }}
      image: {{ printf "%s@%s" $values.image.repository $values.image.digest | quote }}
      {{- else }}
      image: {{ printf "%s:%s" $values.image.repository ($values.image.tag | default .root.Chart.AppVersion) | quote }}
      {{- end }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: {{ toJson .arguments }}
      terminationMessagePath: /dev/termination-log
      terminationMessagePolicy: FallbackToLogsOnError
      {{- if .shards }}
      env:
        - {name: DOCMILL_SHARDS, value: {{ .shards | int64 | quote }}}
      {{- end }}
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: job, mountPath: /etc/docmill, readOnly: true}
        {{- if .key }}
        - {name: provider, mountPath: /run/docmill/provider, readOnly: true}
        {{- end }}
        - {name: data, mountPath: /data}
        - {name: state, mountPath: /state}
  volumes:
    - name: job
      configMap: {name: {{ include "docmill.name" .root }}-job}
    {{- if .key }}
    - name: provider
      secret: {secretName: {{ $values.providerSecret | quote }}, defaultMode: 0440}
    {{- end }}
    - name: data
      persistentVolumeClaim: {claimName: {{ include "docmill.claim" (dict "root" .root "name" "data") | quote }}}
    - name: state
      persistentVolumeClaim: {claimName: {{ include "docmill.claim" (dict "root" .root "name" "state") | quote }}}
{{- end }}

{{/* The variables of the manifest, as a JSON array of arguments. */}}
{{- define "docmill.varArguments" -}}
{{- $found := list -}}
{{- range $name, $value := .Values.vars -}}
{{- $found = concat $found (list "--var" (printf "%s=%s" $name $value)) -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{- define "docmill.runArguments" -}}
{{- $fixed := list "run" "/etc/docmill/job.yaml" "--grace" (printf "%ds" (int .Values.graceSeconds)) "--log-format" "json" "--summary" "/dev/termination-log" -}}
{{- toJson (concat $fixed (include "docmill.varArguments" . | fromJsonArray) .Values.arguments) -}}
{{- end }}
